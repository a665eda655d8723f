/** A server of the tests' own Worker, with as many D1 databases as are wanted, and ways to read and to restore to what it has. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeConfig } from "../../../tools/lib/config.ts";
import { query } from "../../../tools/lib/database.ts";
import type { Reader } from "../../../tools/lib/rows.ts";
import { startServer, type Server } from "../../../tools/lib/server.ts";

/** Starts `test/e2e/worker.ts`. */
export async function startTestServer(d1Databases = 0): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-worker-"));
  const numbers = Array.from({ length: d1Databases }, (_, at) => at);
  const config = writeConfig(folder, join(import.meta.dirname, "worker.ts"), {
    d1_databases: numbers.map((at) => ({
      binding: `D1_${at}`,
      database_name: `place-${at}`,
      database_id: `place-${at}`,
    })),
  });
  // wrangler keeps a span of each statement, in a database of its own: nothing of it is in production
  const server = await startServer({ config, env: { X_LOCAL_OBSERVABILITY: "false" } });
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same server, whose requests go to a database of this name. */
export function databaseOf(server: Server, name: string): Server {
  return {
    ...server,
    fetch: (path, init) =>
      server.fetch(`${path}${path.includes("?") ? "&" : "?"}database=${encodeURIComponent(name)}`, init),
  };
}

/** Reads an object's database; the server is asked for at each query, as it may not run yet. */
export function readerOf(server: () => Server, name: string): Reader {
  return (sql) => query(databaseOf(server(), name), { sql });
}

/** Runs the statements of a dump in an object, as one transaction. */
export async function restoreToObject(server: Server, name: string, statements: readonly string[]): Promise<void> {
  await post(databaseOf(server, name), "/restore", statements);
}

/** Runs the statements of a dump in a D1 database, as one transaction. */
export async function restoreToD1(server: Server, at: number, statements: readonly string[]): Promise<void> {
  await post(server, `/d1/${at}/restore`, statements);
}

/** Reads a D1 database. */
export function d1Reader(server: Server, at: number): Reader {
  return async (sql) => {
    const { result } = await post(server, `/d1/${at}/query`, { sql });
    if (!Array.isArray(result)) throw new TypeError("D1 gave no rows");
    return result;
  };
}

/** What D1's own exporter makes of a database: `wrangler d1 export --local` asks the same way. */
export async function d1Export(server: Server, at: number): Promise<string> {
  const { dump } = await post(server, `/d1/${at}/export`, null);
  return String(dump);
}

async function post(server: Server, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { "Content-Type": "application/json" };
  const response = await server.fetch(path, { method: "POST", body: JSON.stringify(body), headers });
  const answer: Record<string, unknown> = await response.json();
  if (!response.ok) throw new Error(String(answer["detail"]));
  return answer;
}
