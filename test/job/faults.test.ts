/** A bucket that fails, loses its answer or hangs at any one call: the file is the same, or there is none and nothing is left. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { objectKey, type ExportOptions, type JobOptions, type JobStatus } from "../../src/api.ts";
import { fileOf, formatOf } from "../support/database.ts";
import type { FaultyHost, Fault } from "../support/faulty-host.ts";

const options: ExportOptions & JobOptions = {
  format: formatOf("sql"),
  compress: "none",
  tables: null,
  exclude: [],
  content: "all",
  verify: true,
};

/** About 14 MB as SQL: three parts in three slices. */
async function newObject(fault: Fault): Promise<DurableObjectStub<FaultyHost>> {
  const stub = env.FAULTY_HOST.get(env.FAULTY_HOST.idFromName(crypto.randomUUID()));
  await runInDurableObject(stub, (object, state) => {
    object.fault = fault;
    state.storage.sql.exec(`CREATE TABLE files (id INTEGER PRIMARY KEY, bytes BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) INSERT INTO files SELECT i, randomblob(10000) FROM n`);
  });
  return stub;
}

async function run(fault: Fault): Promise<{ status: JobStatus; calls: readonly string[]; isSame: boolean }> {
  const stub = await newObject(fault);
  const { dumpId } = await runInDurableObject(stub, ({ exporter }) => exporter.start(options));
  for (;;) {
    const status = await runInDurableObject(stub, ({ exporter }) => exporter.status(dumpId));
    if (status.status === "running") {
      await scheduler.wait(50);
      continue;
    }
    const object = await env.EXPORTS.get(objectKey(stub.id.toString(), dumpId));
    const stored = object === null ? null : new Uint8Array(await object.arrayBuffer());
    const expected = await runInDurableObject(stub, (_, state) => fileOf(state.storage.sql));
    const calls = await runInDurableObject(stub, (one) => one.calls);
    return { status, calls, isSame: stored !== null && Buffer.from(stored).equals(expected) };
  }
}

const written = ["create", "part 1", "part 2", "part 3", "put", "complete"];

describe("a bucket that goes wrong once", () => {
  it("is called nine times for three parts that are read back", async () => {
    const { calls, isSame } = await run({ call: 0, kind: "before" });
    expect(calls).toEqual([...written, "get", "get", "get"]);
    expect(isSame).toBe(true);
  });

  const kinds: readonly Fault["kind"][] = ["before", "after", "hang"];
  it.each(kinds)("does not change the file, at whichever call it goes wrong: %s", async (kind) => {
    const runs = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((call) => run({ call, kind })));
    expect(runs.map(({ status, isSame }) => [status.status, isSame])).toEqual(runs.map(() => ["complete", true]));
    // what failed was tried again; an object that stands there although its answer was lost is taken for what it is
    const last = kind === "after" ? ["head"] : ["head", "put", "complete"];
    for (const [at, { calls }] of runs.entries())
      expect(calls.length).toBe(written[at] === "complete" ? 9 + last.length : 10);
  });

  it("begins again where R2 has lost the upload, and gives the old one up", async () => {
    const runs = await Promise.all([2, 3, 4, 6].map((call) => run({ call, kind: "lost" })));
    expect(runs.map(({ status, isSame }) => [status.status, isSame])).toEqual(runs.map(() => ["complete", true]));
    for (const { calls } of runs) {
      expect(calls.filter((name) => name === "create")).toHaveLength(2);
      expect(calls).toContain("abort");
    }
  });
});

describe("a file that is read back", () => {
  it("is not one if a single bit of it is another", async () => {
    const { status, calls, isSame } = await run({ call: 8, kind: "altered" });
    expect(status).toMatchObject({ status: "failed", error: { code: "checksum_mismatch" } });
    expect(status.error?.message).toMatch(/^Part 2 of "dump_\d+-\d+\.sql" in R2 is not what was sent: its SHA-256 is /);
    expect(isSame).toBe(false);
    expect(calls.slice(-3)).toEqual(["get", "delete", "delete"]);
  });
});

/** Multipart uploads that R2 still holds for an object's jobs can only be seen by what resuming them does. */
describe("what is left behind", () => {
  it("is no upload, although R2 refused to give it up at first", async () => {
    const stub = await newObject({ call: 0, kind: "before" });
    const { dumpId } = await runInDurableObject(stub, ({ exporter }) => exporter.start(options));
    await vi.waitFor(() => runInDurableObject(stub, (one) => expect(one.calls).toContain("part 1")));
    const status = await runInDurableObject(stub, (one) => {
      one.fault = { call: one.calls.length + 1, kind: "before" };
      return one.exporter.delete(dumpId);
    });
    expect(status.status).toBe("cancelled");
    await vi.waitFor(
      () => runInDurableObject(stub, ({ calls }) => expect(calls.filter((name) => name === "abort")).toHaveLength(2)),
      { timeout: 10_000 },
    );
    await vi.waitFor(() =>
      runInDurableObject(stub, (_, state) => {
        const { job } = state.storage.sql.exec<{ job: string }>("SELECT job FROM _durable_export_jobs").one();
        expect(JSON.parse(job)).toMatchObject({ state: "cancelled", uploadId: null });
        for (const table of ["_durable_export_parts", "_durable_export_remainder"])
          expect(state.storage.sql.exec(`SELECT * FROM ${table}`).toArray()).toEqual([]);
      }),
    );
  });

  it("is nothing when its time is over: no object, no row", async () => {
    const stub = await newObject({ call: 0, kind: "before" });
    const { dumpId } = await runInDurableObject(stub, (one) => {
      one.retention = 1_500;
      return one.exporter.start(options);
    });
    const key = objectKey(stub.id.toString(), dumpId);
    await vi.waitFor(async () => expect(await env.EXPORTS.head(key)).not.toBeNull(), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await env.EXPORTS.head(key)).toBeNull(), { timeout: 10_000 });
    await vi.waitFor(() =>
      runInDurableObject(stub, async ({ exporter }, state) => {
        expect(exporter.list()).toEqual([]);
        expect(await state.storage.getAlarm()).toBeNull();
      }),
    );
  });

  it("is no upload when the host deletes all it has in mid-job", async () => {
    const stub = await newObject({ call: 0, kind: "before" });
    await runInDurableObject(stub, ({ exporter }) => exporter.start(options));
    await vi.waitFor(() => runInDurableObject(stub, (one) => expect(one.calls).toContain("part 1")));
    await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
    await vi.waitFor(() => runInDurableObject(stub, (one) => expect(one.calls).toContain("abort")), {
      timeout: 10_000,
    });
    await runInDurableObject(stub, ({ exporter }) => {
      expect(exporter.list()).toEqual([]);
      expect(exporter.nextAlarm()).toBeNull();
    });
  });
});
