/** Databases that are made once, and kept for the next run. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The path of a database; makes it if it is not there, in a file beside it, so that half of one is never taken for it. */
export function madeOnce(path: string, fill: (database: DatabaseSync) => void): string {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  const database = new DatabaseSync(draft);
  database.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096");
  fill(database);
  database.close();
  renameSync(draft, path);
  return path;
}
