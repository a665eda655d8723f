/** Jobs that another release has stored in a form that this one does not know: nothing of them is lost, and everybody is told what to do. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { manifestKey, objectKey } from "../../src/api.ts";
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
import { sliceBySlice, withObject } from "../support/slices.ts";

const messageOf = (dumpId: string, what: string) =>
  `Cannot read dump "${dumpId}": its ${what}, and this release of durable-export knows version 1; deploy the release that wrote it, or delete the dump`;

/** So much that a job has work left after its first slice. */
function fill(sql: SqlStorage): void {
  sql.exec("CREATE TABLE t (a)");
  sql.exec(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO t SELECT hex(zeroblob(500)) FROM n",
  );
}

/** How a job is stored by another release, and what is said of it. */
const changes = {
  "a row of a newer version": { sql: "json_set(job, '$.version', 2)", says: "row has version 2" },
  "a row without a version": { sql: "json_remove(job, '$.version')", says: "row has no version" },
  "a checkpoint of a newer version": {
    sql: "json_set(job, '$.checkpoint.version', 7)",
    says: "checkpoint has version 7",
  },
};

const jobsIn = ({ storage }: DurableObjectState) =>
  storage.sql.exec("SELECT * FROM _durable_export_jobs ORDER BY id").toArray();

describe.each(Object.entries(changes))("%s", (_, { sql: changed, says }) => {
  it("is told to whoever asks, and left as it is, and the jobs behind it are done", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      sql.exec("CREATE TABLE u (a); INSERT INTO u VALUES (3)");
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const { dumpId } = await sliceBySlice(state).start();
      await sliceBySlice(state).alarm();
      sql.exec(`UPDATE _durable_export_jobs SET job = ${changed}`);
      const before = jobsIn(state);
      const slices = sliceBySlice(state);
      const error = { code: "unknown_version", message: messageOf(dumpId, says), details: { dumpId } };
      expect(log.mock.calls).toContainEqual([error.message]);
      log.mockRestore();
      expect(() => slices.status(dumpId)).toThrow(expect.objectContaining(error));
      expect(() => slices.list()).toThrow(expect.objectContaining(error));
      const next = await slices.start({ tables: ["u"] });
      for (let count = 0; count < 9; count++) await slices.alarm();
      expect(slices.status(next.dumpId).status).toBe("complete");
      expect(jobsIn(state).filter(({ id }) => id === dumpId)).toEqual(before);
      expect(before).toMatchObject([{ state: "running" }]);
      await slices.delete(dumpId);
      expect(() => slices.status(dumpId)).toThrow(`There is no dump "${dumpId}"`);
      expect(slices.list().map((job) => job.dumpId)).toEqual([next.dumpId]);
      expect(sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").toArray()).toEqual([]);
    });
  });
});

describe("a running job of a newer version", () => {
  it("goes on where the release that wrote it is back", async () => {
    const stub = await filledTestHost(200);
    const wanted = await expected(stub);
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const start = { ...options(), consistency: "fuzzy", onSchemaChange: "restart" } as const;
    const { dumpId } = await inTestHost(stub, async ({ exporter }, { storage }) => {
      const job = await exporter.start(start, "key");
      storage.sql.exec("UPDATE _durable_export_jobs SET job = json_set(job, '$.version', 2)");
      return job;
    });
    await evictDurableObject(stub);
    await inTestHost(stub, async ({ exporter }) => {
      const response = await exporter.fetch(forwardedTo(`/dump/${dumpId}`));
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "unknown_version", dumpId });
      await expect(exporter.start(start, "key")).rejects.toMatchObject({ code: "unknown_version" });
    });
    await run(stub, "UPDATE _durable_export_jobs SET job = json_set(job, '$.version', 1)");
    await evictDurableObject(stub);
    log.mockRestore();
    expect((await finished(stub, dumpId)).status).toBe("complete");
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
  });

  it.each(["delete", "deleteAll"] as const)("is deleted with its upload and its objects by %s()", async (how) => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const { dumpId } = await sliceBySlice(state).start();
      await sliceBySlice(state).alarm();
      sql.exec("UPDATE _durable_export_jobs SET job = json_set(job, '$.version', 2)");
      const [row] = sql.exec<{ upload: string }>("SELECT job ->> '$.uploadId' AS upload FROM _durable_export_jobs");
      const slices = sliceBySlice(state);
      log.mockRestore();
      await (how === "delete" ? slices.delete(dumpId) : slices.deleteAll());
      expect(sql.exec("SELECT 1 FROM _durable_export_jobs").toArray()).toEqual([]);
      expect(sql.exec("SELECT 1 FROM _durable_export_remainder").toArray()).toEqual([]);
      const key = objectKey(state.id.toString(), dumpId);
      const upload = env.EXPORTS.resumeMultipartUpload(key, row?.upload ?? "");
      await expect(upload.uploadPart(1, new Uint8Array(1))).rejects.toThrow("10024");
    });
  });
});

it("a manifest says its version", async () => {
  const stub = await filledTestHost(10);
  const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start(options()));
  await finished(stub, dumpId);
  const manifest = await env.EXPORTS.get(manifestKey(stub.id.toString(), dumpId));
  expect(await manifest?.json()).toMatchObject({ version: 1, dumpId });
});
