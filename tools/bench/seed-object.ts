/** Puts a SQLite file in the place of an object's database: filling gigabytes through HTTP would take longer than measuring. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeConfig } from "../lib/config.ts";
import { query } from "../lib/database.ts";
import { startServer, type Server, type ServerOptions } from "../lib/server.ts";

/**
 * `wrangler dev` keeps a span of each statement, and writes them to a database of its own, in the thread in which the object works: of 10,000
 * statements in one stretch of a second. No such thing is in production (miniflare, observability/collector.worker).
 */
const untraced = { X_LOCAL_OBSERVABILITY: "false" };

/** A server of `tools/bench/worker.ts` whose database is a copy of the file, and its D1 another, if wanted. Its state is gone when it stops. */
export async function serverWith(
  file: string,
  hasD1 = false,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-bench-worker-"));
  const config = writeConfig(folder, join(import.meta.dirname, "worker.ts"), {
    d1_databases: [{ binding: "D1", database_name: "bench", database_id: "bench" }],
  });
  const state = await stateWith(file, { config });
  const quiet = { ...env, ...untraced };
  let server = await startServer({ persistTo: state, config, env: quiet });
  if (hasD1) {
    await server.fetch("/d1"); // makes its file
    await server.stop();
    copyFileSync(file, onlyDatabase(join(state, "v3/d1")));
    server = await startServer({ persistTo: state, config, env: quiet });
  }
  return {
    ...server,
    async stop() {
      await server.stop();
      for (const path of [state, folder]) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A folder of state for a server, in which the database is a copy of the file. */
export async function stateWith(file: string, options: ServerOptions = {}): Promise<string> {
  const state = mkdtempSync(join(tmpdir(), "durable-export-bench-"));
  const first = await startServer({ ...options, persistTo: state });
  await query(first, { sql: "SELECT 1" });
  await first.stop();
  copyFileSync(file, onlyDatabase(join(state, "v3/do")));
  return state;
}

/** The only database in a folder, without what was not yet written to its file. */
function onlyDatabase(folder: string): string {
  const databases = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite"))
    .map((name) => join(folder, name));
  const [place] = databases;
  if (place === undefined || databases.length !== 1) throw new Error(`Cannot find one database in ${folder}`);
  for (const ending of ["-wal", "-shm"]) if (existsSync(place + ending)) rmSync(place + ending);
  return place;
}
