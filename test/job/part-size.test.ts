/** A file may need more parts than there may be: the job begins again with larger ones, as early as that can be told. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { objectKey } from "../../src/api.ts";
import { partSizeFor, type PartLimits } from "../../src/job/part-size.ts";
import { usualPage } from "../../src/file/plan.ts";
import { GiB, KiB, MiB } from "../../src/base/units.ts";
import type { MultipartUpload, Sink } from "../../src/sink/sink.ts";
import { fileOf } from "../support/database.ts";
import { equal, options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";

const page = { ...usualPage, rows: 50 };
const wanted = { format: "jsonl", tables: ["wide"] } as const;

/** Rows of nothing under long names: some 28 times their size as JSON Lines. `WITHOUT ROWID` there is no telling how many there are. */
function fill(sql: SqlStorage, rows: number, kind: "" | "WITHOUT ROWID"): void {
  const columns = Array.from({ length: 40 }, (_, at) => `a_rather_long_column_name_${at}`);
  sql.exec(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(",")}) ${kind}`);
  sql.exec(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO wide (id) SELECT i FROM n",
    rows,
  );
}

async function run(limits: PartLimits, rows: number, kind: "" | "WITHOUT ROWID" = "") {
  return withObject(async (state) => {
    fill(state.storage.sql, rows, kind);
    const undisturbed = fileOf(state.storage.sql, { ...wanted, page });
    const making = { parts: limits, sliceBytes: 8 * MiB };
    const { status, bytes } = await runSliced(
      state,
      { ...options(wanted), verify: true },
      () => {},
      () => sliceBySlice(state, making),
    );
    const object = await env.EXPORTS.head(objectKey(state.id.toString(), status.dumpId));
    const parts = Number(/-(\d+)"$/.exec(object?.httpEtag ?? "")?.[1] ?? 0);
    const ratio = undisturbed.length / state.storage.sql.databaseSize;
    return { status, parts, isSame: equal(bytes, undisturbed), ratio };
  });
}

describe("a file of more parts than there may be", () => {
  it.each(["", "WITHOUT ROWID"] as const)("is made in larger ones: %s", async (kind) => {
    const { status, parts, isSame, ratio } = await run({ usual: 5 * MiB, largest: 20 * MiB, most: 3 }, 18_000, kind);
    expect(ratio).toBeGreaterThan(20);
    expect(status).toMatchObject({ status: "complete", consistency: "snapshot", result: { rows: { wide: 18_000 } } });
    expect(status.result?.partBytes).toBeGreaterThan(5 * MiB);
    expect(status.warnings).toEqual([
      expect.stringMatching(/^The file is larger than was thought; the job began again with larger parts, and with /),
    ]);
    expect([parts <= 3, isSame]).toEqual([true, true]);
  });

  it("fails where they cannot be larger, and leaves nothing", async () => {
    const { status, isSame } = await run({ usual: 5 * MiB, largest: 5 * MiB, most: 3 }, 18_000);
    expect(status).toMatchObject({ status: "failed", error: { code: "too_many_parts" } });
    expect(isSame).toBe(false);
  });

  it("is none if it only looks like it for a while", async () => {
    const { status, parts } = await run({ usual: 5 * MiB, largest: 20 * MiB, most: 6 }, 18_000);
    expect(status).toMatchObject({ status: "complete", warnings: [] });
    expect(parts).toBeGreaterThan(3);
  });
});

it("parts are as large as a database may need, and never larger than memory allows", () => {
  expect(partSizeFor(64 * KiB)).toBe(5 * MiB);
  expect(partSizeFor(6 * GiB)).toBe(5 * MiB);
  expect(partSizeFor(9 * GiB)).toBe(8 * MiB);
  expect(partSizeFor(20 * GiB)).toBe(17 * MiB);
  expect(partSizeFor(1000 * GiB)).toBe(64 * MiB);
});

/** R2, slower: says how many parts were under way at once, and how many pages were read meanwhile. */
function slowSink(pages: () => number) {
  const seen = { underWay: 0, most: 0, pages: 0 };
  const slow = (inner: MultipartUpload): MultipartUpload => ({
    uploadId: inner.uploadId,
    async uploadPart(number, bytes) {
      seen.most = Math.max(seen.most, ++seen.underWay);
      const before = pages();
      await scheduler.wait(100);
      seen.pages += pages() - before;
      seen.underWay--;
      return inner.uploadPart(number, bytes);
    },
    complete: (parts) => inner.complete(parts),
    abort: () => inner.abort(),
  });
  const r2: Sink = env.EXPORTS;
  const bucket: Sink = {
    createMultipartUpload: async (key, metadata) => slow(await r2.createMultipartUpload(key, metadata)),
    resumeMultipartUpload: (key, uploadId) => slow(r2.resumeMultipartUpload(key, uploadId)),
    head: (key) => r2.head(key),
    get: (key, range) => r2.get(key, range),
    put: (key, text, metadata) => r2.put(key, text, metadata),
    delete: (keys) => r2.delete(keys),
  };
  return { bucket, seen };
}

it.each([
  { size: partSizeFor(0), isAlone: false },
  { size: 7 * MiB, isAlone: true },
])(
  "one part is under way at most, and if it has $size bytes the next is not made meanwhile: $isAlone",
  async ({ size, isAlone }) => {
    await withObject(async (state) => {
      fill(state.storage.sql, 18_000, "");
      const rows = fileOf(state.storage.sql, { ...wanted, page });
      let pages = 0;
      const sql = new Proxy(state.storage.sql, {
        get(target, name) {
          if (name !== "exec") return Reflect.get(target, name, target);
          return (query: string, ...values: unknown[]) => {
            if (/ FROM .*"wide"/.test(query)) pages++;
            return target.exec(query, ...values);
          };
        },
      });
      const own = <T extends object>(target: T, property: string, value: object) =>
        new Proxy(target, {
          get(from, name) {
            if (name === property) return value;
            const found: unknown = Reflect.get(from, name, from);
            return typeof found === "function" ? found.bind(from) : found;
          },
        });
      const counting = own(state, "storage", own(state.storage, "sql", sql));
      const { bucket, seen } = slowSink(() => pages);
      const parts = { usual: size, largest: 20 * MiB, most: 10_000 };
      const { bytes } = await runSliced(
        state,
        options(wanted),
        () => {},
        () => sliceBySlice(counting, { parts, sliceBytes: 64 * MiB, bucket }),
      );
      expect(equal(bytes, rows)).toBe(true);
      expect(seen.most).toBe(1);
      expect(seen.pages === 0).toBe(isAlone);
    });
  },
);
