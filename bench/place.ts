/** Puts a SQLite file in the place of an object's database: filling gigabytes through HTTP would take longer than measuring. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { query } from "../scripts/lib/database.ts";
import { startServer, type Server, type ServerOptions } from "../scripts/lib/server.ts";

/** A server whose database is a copy of the file. Its state is gone when it stops. */
export async function serverWith(file: string): Promise<Server> {
  const state = await stateWith(file);
  const server = await startServer({ persistTo: state });
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** A folder of state for a server, in which the database is a copy of the file. */
export async function stateWith(file: string, options: ServerOptions = {}): Promise<string> {
  const state = mkdtempSync(join(tmpdir(), "durable-export-bench-"));
  const first = await startServer({ ...options, persistTo: state });
  await query(first, { sql: "SELECT 1" });
  await first.stop();
  const databases = readdirSync(join(state, "v3/do"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite"))
    .map((name) => join(state, "v3/do", name));
  const [place] = databases;
  if (place === undefined || databases.length !== 1) throw new Error(`Cannot find the object's database in ${state}`);
  for (const ending of ["-wal", "-shm"]) if (existsSync(place + ending)) rmSync(place + ending);
  copyFileSync(file, place);
  return state;
}
