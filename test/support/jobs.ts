/** Jobs in a host whose slices are small, and what becomes of them. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { objectKey, type ExportOptions, type JobOptions, type JobStatus } from "../../src/api.ts";
import type { TestHost } from "./test-host.ts";
import { fileOf, formatOf, type Wanted } from "./database.ts";

/** About 24 MB as SQL: three parts, and eight slices of 3 MiB. */
export async function filledTestHost(rows = 6000): Promise<DurableObjectStub<TestHost>> {
  const stub = env.TEST_HOST.get(env.TEST_HOST.idFromName(crypto.randomUUID()));
  await runInDurableObject(stub, (_, state) => {
    const { sql } = state.storage;
    sql.exec("CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB); CREATE TABLE notes (body TEXT);");
    sql.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO files SELECT i, 'file ' || i, randomblob(2000) FROM n",
      rows,
    );
    sql.exec("INSERT INTO notes SELECT 'note ' || id FROM files");
  });
  return stub;
}

export function options({
  format = "sql",
  gzip = false,
  compress = gzip ? "gzip" : "none",
  tables,
  exclude = [],
  content = "all",
}: Wanted = {}): ExportOptions {
  return { format: formatOf(format), compress, tables: tables ?? null, exclude, content };
}

/** By a new stub each time: an abort breaks those that were there. */
export function inTestHost<T>(
  { id }: DurableObjectStub<TestHost>,
  use: (object: TestHost, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject(env.TEST_HOST.get(id), use);
}

/** Starts a job and waits until it has read some rows. */
export async function underWay(
  stub: DurableObjectStub<TestHost>,
  consistency: "snapshot" | "fuzzy" = "fuzzy",
  more: Partial<ExportOptions> & JobOptions = {},
): Promise<string> {
  const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start({ ...options(), consistency, ...more }));
  await vi.waitFor(
    async () => {
      const { progress } = await inTestHost(stub, ({ exporter }) => exporter.status(dumpId));
      expect(progress.rows).toBeGreaterThan(0);
    },
    { interval: 3, timeout: 20_000 },
  );
  return dumpId;
}

/** Runs statements of the host's. */
export const run = <T extends Record<string, SqlStorageValue>>(stub: DurableObjectStub<TestHost>, sql: string) =>
  inTestHost(stub, (_, state) => state.storage.sql.exec<T>(sql).toArray());

/** What a job has left of a snapshot, or of a watch. */
export const leftovers = (stub: DurableObjectStub<TestHost>) =>
  run<{ name: string }>(
    stub,
    "SELECT name FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_watch%' ESCAPE '\\' OR name LIKE '\\_durable\\_export\\_undo%' ESCAPE '\\' OR name IN ('_durable_export_changed', '_durable_export_first', '_durable_export_traces')",
  );

export async function finished(stub: DurableObjectStub<TestHost>, dumpId: string): Promise<JobStatus> {
  for (;;) {
    const status = await inTestHost(stub, (object) => object.exporter.status(dumpId));
    if (status.status !== "running" && status.status !== "queued") return status;
    await scheduler.wait(20);
  }
}

export async function storedBytes(stub: DurableObjectStub<TestHost>, dumpId: string): Promise<Uint8Array | null> {
  const object = await env.EXPORTS.get(objectKey(stub.id.toString(), dumpId));
  return object === null ? null : new Uint8Array(await object.arrayBuffer());
}

export const expected = (stub: DurableObjectStub<TestHost>, wanted: Wanted = {}) =>
  inTestHost(stub, (_, state) => fileOf(state.storage.sql, wanted));

/** A request as `exportRoutes` would forward it to the object. */
export function forwardedTo(path: string): Request {
  return new Request(`https://durable-export.invalid${path}`, { cf: { durableExport: true } });
}

export const equal = (one: Uint8Array | null, other: Uint8Array) => one !== null && Buffer.from(one).equals(other);
