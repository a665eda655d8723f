/** A file may need more parts than there may be: the job begins again with larger ones, as early as that can be told. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { objectKey } from "../src/engine.ts";
import { partSizeFor, type PartLimits } from "../src/job/part-size.ts";
import { GiB, KiB, MiB, usualPage } from "../src/limits.ts";
import { fileOf } from "./database.ts";
import { equal, options } from "./jobs.ts";
import { runSliced, sliceBySlice, withObject } from "./slices.ts";

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
  expect(partSizeFor(64 * KiB)).toBe(8 * MiB);
  expect(partSizeFor(9 * GiB)).toBe(8 * MiB);
  expect(partSizeFor(20 * GiB)).toBe(17 * MiB);
  expect(partSizeFor(1000 * GiB)).toBe(64 * MiB);
});
