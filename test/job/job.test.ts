import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { zstdDecompressSync } from "node:zlib";
import { gunzipSync } from "fflate";
import { describe, expect, it, vi } from "vitest";
import { manifestKey, objectKey } from "../../src/api.ts";
import { partBytes as usual } from "../../src/job/part-size.ts";
import type { Wanted } from "../support/database.ts";
import { standingAlarm } from "../support/alarms.ts";
import {
  equal,
  expected,
  filledTestHost,
  finished,
  forwardedTo,
  inTestHost,
  options,
  run,
  storedBytes,
} from "../support/jobs.ts";

describe("a job", () => {
  it.each<Wanted>([
    {},
    { gzip: true },
    { compress: "zstd" },
    { format: "csv" },
    { format: "csv", gzip: true },
    { format: "jsonl", tables: ["files"] },
  ])("writes the bytes of a download over many alarms: %o", async (wanted) => {
    const stub = await filledTestHost();
    const { dumpId, status } = await inTestHost(stub, (object) => object.exporter.start(options(wanted)));
    expect(status).toBe("running");
    const done = await finished(stub, dumpId);
    const bytes = await expected(stub, wanted);
    expect(done.error).toBeUndefined();
    expect(done.result?.size).toBe(bytes.length);
    expect(equal(await storedBytes(stub, dumpId), bytes)).toBe(true);
    expect(done.progress).toMatchObject({ percent: 100, bytes: bytes.length });
    expect(done.result?.rows?.["files"]).toBe(6000);
    expect(await inTestHost(stub, (object) => object.alarms)).toBeGreaterThan(3);
  });

  it("cuts parts of one size, and only the last one smaller", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await finished(stub, dumpId);
    const object = await env.EXPORTS.head(objectKey(stub.id.toString(), dumpId));
    expect(object?.httpEtag).toMatch(new RegExp(`-${Math.ceil((object?.size ?? 0) / usual)}"$`));
    expect(object?.httpMetadata?.contentDisposition).toMatch(/^attachment; filename="dump_\d{8}-\d{6}\.sql"$/);
  });

  it("keeps checksums of each part and of all, in its status and beside the file", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start({ ...options(), verify: true }));
    const { result } = await finished(stub, dumpId);
    const bytes = (await storedBytes(stub, dumpId)) ?? new Uint8Array();
    const digest = async (part: Uint8Array) => new Uint8Array(await crypto.subtle.digest("SHA-256", part));
    const digests = [];
    for (let at = 0; at < bytes.length; at += usual) digests.push(await digest(bytes.subarray(at, at + usual)));
    expect(result?.parts).toEqual(digests.map((one) => one.toBase64()));
    expect(result?.sha256).toBe(`${(await digest(Buffer.concat(digests))).toBase64()}-${digests.length}`);
    expect(result).toMatchObject({ verified: true, partBytes: usual, rows: { files: 6000, notes: 6000 } });
    const key = objectKey(stub.id.toString(), dumpId);
    const { customMetadata } = (await env.EXPORTS.head(key)) ?? {};
    expect(customMetadata).toMatchObject({ dumpId, manifest: `${key}.manifest.json` });
    const manifest = await env.EXPORTS.get(`${key}.manifest.json`);
    const { size, crc32, sha256, partBytes, parts, rows } = result ?? {};
    expect(await manifest?.json()).toMatchObject({ dumpId, size, crc32, sha256, partBytes, parts, rows });
    await inTestHost(stub, ({ exporter }) => exporter.delete(dumpId));
    expect(await env.EXPORTS.head(`${key}.manifest.json`)).toBeNull();
  });

  it("leaves nothing of its work behind", async () => {
    const stub = await filledTestHost(200);
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await finished(stub, dumpId);
    await inTestHost(stub, async (_, state) => {
      await vi.waitFor(async () => expect(await standingAlarm(state)).toBeNull());
      expect(state.storage.sql.exec("SELECT * FROM _durable_export_remainder").toArray()).toEqual([]);
      const log =
        "SELECT name FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_undo%' ESCAPE '\\' OR type = 'trigger'";
      expect(state.storage.sql.exec(log).toArray()).toEqual([]);
    });
  });

  it("goes on after the object is aborted, again and again, with the same bytes", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options({ gzip: true })));
    for (let time = 0; time < 5; time++) {
      await scheduler.wait(30 + time * 40);
      await abortAllDurableObjects();
      await inTestHost(stub, (object) => object.fetch(forwardedTo("/dumps"))); // any request finds the lost slice
    }
    const done = await finished(stub, dumpId);
    expect(done.status).toBe("complete");
    expect(equal(await storedBytes(stub, dumpId), await expected(stub, { gzip: true }))).toBe(true);
  });

  it("goes on after an eviction", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await evictDurableObject(stub);
    expect((await finished(stub, dumpId)).status).toBe("complete");
    expect(equal(await storedBytes(stub, dumpId), await expected(stub))).toBe(true);
  });

  it("is cancelled by a delete, and a second delete takes its record away", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    const cancelled = await inTestHost(stub, (object) => object.exporter.delete(dumpId));
    expect(cancelled.status).toBe("cancelled");
    await scheduler.wait(200);
    expect(await storedBytes(stub, dumpId)).toBeNull();
    expect(await inTestHost(stub, (object) => object.exporter.list().map((job) => job.status))).toEqual(["cancelled"]);
    await inTestHost(stub, (object) => object.exporter.delete(dumpId));
    expect(await inTestHost(stub, (object) => object.exporter.list())).toEqual([]);
  });

  it("is taken away with its object when it is complete", async () => {
    const stub = await filledTestHost(100);
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await finished(stub, dumpId);
    await inTestHost(stub, (object) => object.exporter.delete(dumpId));
    expect(await storedBytes(stub, dumpId)).toBeNull();
    await expect(inTestHost(stub, (object) => object.exporter.delete(dumpId))).rejects.toThrow(
      `There is no dump "${dumpId}"`,
    );
  });

  it("fails when the schema changes under it, and says so", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await inTestHost(stub, (_, state) => void state.storage.sql.exec("ALTER TABLE notes ADD COLUMN more"));
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ status: "failed", error: { code: "schema_changed" } });
    expect(await storedBytes(stub, dumpId)).toBeNull();
  });

  it("begins again when the schema changes, where that is wanted: once, and says so", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, ({ exporter }) =>
      exporter.start({ ...options({ gzip: true }), onSchemaChange: "restart" }),
    );
    await vi.waitFor(async () => {
      const { progress } = await inTestHost(stub, ({ exporter }) => exporter.status(dumpId));
      expect(progress.rows).toBeGreaterThan(0);
    });
    await inTestHost(stub, (_, state) => void state.storage.sql.exec("ALTER TABLE notes ADD COLUMN more DEFAULT 7"));
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ status: "complete", result: { rows: { files: 6000, notes: 6000 } } });
    expect(done.warnings).toContain("The schema changed while the job ran; it began again with the new one");
    expect(equal(await storedBytes(stub, dumpId), await expected(stub, { gzip: true }))).toBe(true);
  });

  it("does not begin again a second time, or without a table that was asked for", async () => {
    const twice = await filledTestHost();
    const without = await filledTestHost();
    const wanted = { ...options({ tables: ["notes", "files"] }), onSchemaChange: "restart" } as const;
    const [one, other] = [
      await inTestHost(twice, ({ exporter }) => exporter.start(wanted)),
      await inTestHost(without, ({ exporter }) => exporter.start(wanted)),
    ];
    await inTestHost(without, (_, state) => void state.storage.sql.exec("DROP TABLE notes"));
    let column = 0;
    const again = async () => {
      await inTestHost(twice, (_, state) => void state.storage.sql.exec(`ALTER TABLE notes ADD COLUMN c${column++}`));
      return inTestHost(twice, ({ exporter }) => exporter.status(one.dumpId));
    };
    await vi.waitFor(async () => expect((await again()).status).toBe("failed"), { timeout: 10_000, interval: 60 });
    expect((await finished(twice, one.dumpId)).error).toMatchObject({ code: "schema_changed" });
    expect((await finished(without, other.dumpId)).error).toEqual({
      code: "schema_changed",
      message: 'Cannot go on with the export: the schema changed while it ran; there is no table "notes" any more',
    });
  });

  it("fails when its slices end without a trace, a hundred times or for a day", async () => {
    for (const change of [{ attempts: 100 }, { triedMs: Date.now() - 25 * 3_600_000 }]) {
      const stub = await filledTestHost(100);
      const { dumpId } = await inTestHost(stub, async ({ exporter }, state) => {
        const job = await exporter.start(options());
        const { text } = state.storage.sql.exec<{ text: string }>("SELECT job AS text FROM _durable_export_jobs").one();
        const tried = { ...JSON.parse(text), triedMs: Date.now() - 1000, ...change };
        state.storage.sql.exec("UPDATE _durable_export_jobs SET job = ?", JSON.stringify(tried));
        return job;
      });
      const { error } = await finished(stub, dumpId);
      expect(error?.code).toBe("stalled");
      expect(error?.message).toMatch(/^Cannot go on: \d+ slices since .* ended without progress and without an error/);
    }
  });

  it("goes on although its alarm fires twice at once, early, late and with no information", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start(options({ gzip: true })));
    for (let time = 0; time < 5; time++) {
      await inTestHost(stub, ({ exporter }) => Promise.all([exporter.alarm(), exporter.alarm(), exporter.alarm()]));
      await scheduler.wait(20);
    }
    expect((await finished(stub, dumpId)).status).toBe("complete");
    expect(equal(await storedBytes(stub, dumpId), await expected(stub, { gzip: true }))).toBe(true);
  });

  it("goes on at the next request when the clock has gone back behind its next try", async () => {
    const stub = await filledTestHost(100);
    const { dumpId } = await inTestHost(stub, async ({ exporter }, { storage }) => {
      const job = await exporter.start(options());
      const later = Date.now() + 3_600_000;
      storage.sql.exec("UPDATE _durable_export_jobs SET wake = ?, job = json_set(job, '$.wakeMs', ?)", later, later);
      await storage.setAlarm(later);
      return job;
    });
    await inTestHost(stub, (object) => object.fetch(forwardedTo("/dumps")));
    expect((await finished(stub, dumpId)).status).toBe("complete");
  });

  it("fails at once, and says at which row, where a table cannot be read", async () => {
    const stub = await filledTestHost(100);
    await inTestHost(stub, (_, { storage: { sql } }) => {
      sql.exec("CREATE TABLE broken (a); INSERT INTO broken VALUES ('{}'), ('no json')");
      sql.exec("ALTER TABLE broken ADD COLUMN b AS (json_extract(a, '$.x'))");
    });
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start(options({ format: "csv" })));
    expect((await finished(stub, dumpId)).error).toEqual({
      code: "data_unreadable",
      message: expect.stringContaining('Cannot read table "broken" behind row 0: malformed JSON'),
    });
    expect(await storedBytes(stub, dumpId)).toBeNull();
  });

  it("is refused while a hundred wait", async () => {
    const stub = await filledTestHost(10);
    await inTestHost(stub, async ({ exporter }, state) => {
      await exporter.start(options());
      state.storage.sql.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
        INSERT INTO _durable_export_jobs SELECT 'waiting-' || i, started + i, state, wake, NULL, replace(job, id, 'waiting-' || i) FROM n, _durable_export_jobs`);
      await expect(exporter.start(options())).rejects.toThrow("Cannot start a job: 100 wait or run, the limit is 100");
      state.storage.sql.exec("DELETE FROM _durable_export_jobs WHERE id LIKE 'waiting-%'");
    });
  });

  it("waits for the job before it", async () => {
    const stub = await filledTestHost();
    const [first, second] = await inTestHost(stub, async ({ exporter }) => [
      await exporter.start(options()),
      await exporter.start(options({ format: "csv" })),
    ]);
    expect([first?.status, second?.status]).toEqual(["running", "queued"]);
    expect((await finished(stub, second?.dumpId ?? "")).status).toBe("complete");
    expect((await finished(stub, first?.dumpId ?? "")).status).toBe("complete");
    expect(equal(await storedBytes(stub, second?.dumpId ?? ""), await expected(stub, { format: "csv" }))).toBe(true);
  });

  it("is started once for one idempotency key", async () => {
    const stub = await filledTestHost(100);
    const [first, second] = await inTestHost(stub, async ({ exporter }) => [
      await exporter.start(options(), "key"),
      await exporter.start(options(), "key"),
    ]);
    expect(second?.dumpId).toBe(first?.dumpId);
    await expect(inTestHost(stub, ({ exporter }) => exporter.start(options({ gzip: true }), "key"))).rejects.toThrow(
      `The Idempotency-Key "key" belongs to dump ${first?.dumpId}, which has other options`,
    );
  });

  it("is started once for one idempotency key, although it is asked for five times at once", async () => {
    const stub = await filledTestHost(100);
    const ids = await inTestHost(stub, async ({ exporter }) => {
      const five = Array.from({ length: 5 }, () => exporter.start(options(), "key"));
      return (await Promise.all(five)).map(({ dumpId }) => dumpId);
    });
    expect(new Set(ids).size).toBe(1);
    const outcomes = await inTestHost(stub, ({ exporter }) =>
      Promise.allSettled([true, false, true].map((gzip) => exporter.start(options({ gzip }), "other"))),
    );
    expect(outcomes.map((one) => (one.status === "rejected" ? String(one.reason) : one.status))).toEqual([
      "fulfilled",
      expect.stringMatching(/^ExportError: The Idempotency-Key "other" belongs to dump .*, which has other options$/),
      "fulfilled",
    ]);
    expect((await inTestHost(stub, ({ exporter }) => exporter.list())).length).toBe(2);
  });

  it("begins one snapshot, and admits a hundred, although they are asked for at once", async () => {
    const stub = await filledTestHost(10);
    const outcomes = await inTestHost(stub, ({ exporter }) =>
      Promise.allSettled(Array.from({ length: 103 }, () => exporter.start(options()))),
    );
    const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    expect(refused).toEqual(Array(3).fill("ExportError: Cannot start a job: 100 wait or run, the limit is 100"));
    const kept = await run<{ jobs: number }>(stub, "SELECT count(DISTINCT job) AS jobs FROM _durable_export_undo");
    expect(kept[0]?.jobs).toBeLessThanOrEqual(1);
    await inTestHost(stub, async ({ exporter }) => {
      for (const { dumpId } of exporter.list()) await exporter.delete(dumpId);
    });
  });

  it("keeps its own tables out of the file", async () => {
    const stub = await filledTestHost(10);
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options()));
    await finished(stub, dumpId);
    expect(new TextDecoder().decode((await storedBytes(stub, dumpId)) ?? new Uint8Array())).not.toContain(
      "_durable_export_",
    );
  });

  it("gzips in one member over all its slices", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options({ gzip: true })));
    await finished(stub, dumpId);
    const unpacked = gunzipSync((await storedBytes(stub, dumpId)) ?? new Uint8Array());
    expect(equal(unpacked, await expected(stub))).toBe(true);
  });

  it("makes one zstd frame over all its slices, and says so", async () => {
    const stub = await filledTestHost();
    const { dumpId } = await inTestHost(stub, (object) => object.exporter.start(options({ compress: "zstd" })));
    const status = await finished(stub, dumpId);
    expect(status).toMatchObject({ compress: "zstd", gzip: false, fileName: expect.stringMatching(/\.sql\.zst$/) });
    const unpacked = zstdDecompressSync((await storedBytes(stub, dumpId)) ?? new Uint8Array());
    expect(equal(new Uint8Array(unpacked), await expected(stub))).toBe(true);
    const object = await env.EXPORTS.head(objectKey(stub.id.toString(), dumpId));
    expect(object?.httpMetadata?.contentType).toBe("application/zstd");
    const manifest = await env.EXPORTS.get(manifestKey(stub.id.toString(), dumpId));
    expect(await manifest?.json()).toMatchObject({ compress: "zstd", gzip: false });
  });
});
