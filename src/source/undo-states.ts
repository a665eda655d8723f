/** What all undo logs of a database share: the table that says what they keep, how much that is, and how it is taken away. */
import { quoteName } from "../../formats/expression.ts";
import { undoBytes } from "../limits.ts";
import { alias } from "./key.ts";

/** `log`: by triggers. `copy`: all rows, as such a table can have no triggers. `live`: as it is; there is no way to keep it. */
export type Mode = "log" | "copy" | "live";

/** One line for each table of each export; `at` is the rowid up to which rows are never read again. */
export const undoStates = `CREATE TABLE IF NOT EXISTS _export_undo (job TEXT NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, mode TEXT NOT NULL, at INTEGER, PRIMARY KEY (job, n)) WITHOUT ROWID`;

/** True while there is a log. */
export function isThere(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_export_undo'").toArray().length > 0;
}

/** Drops the triggers and tables of logs whose names begin so. */
export function dropUndo(sql: SqlStorage, start: string): void {
  const query =
    "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'table') AND name LIKE '\\_export\\_undo\\_%' ESCAPE '\\' ORDER BY type DESC";
  for (const { type, name } of sql.exec<{ type: string; name: string }>(query).toArray())
    if (name.startsWith(start)) sql.exec(`DROP ${type} ${quoteName(name)}`);
}

/** Exports that keep rows. */
export function undoJobs(sql: SqlStorage): readonly string[] {
  if (!isThere(sql)) return [];
  return sql
    .exec<{ job: string }>("SELECT DISTINCT job FROM _export_undo")
    .toArray()
    .map(({ job }) => job);
}

/** Bytes that a log may keep for a database of a size, where nobody has said another limit. */
export function undoLimitFor(databaseBytes: number): number {
  return Math.max(undoBytes, databaseBytes / 10);
}

/** Bytes of all values of a table. */
export function sizeOf(sql: SqlStorage, table: string): number {
  const columns = sql
    .exec<{ name: string }>("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", table)
    .toArray()
    .map(({ name }) => `total(octet_length(${alias}.${quoteName(name)}))`);
  const [row = []] = [...sql.exec(`SELECT ${columns.join(",")} FROM ${quoteName(table)} AS ${alias}`).raw()];
  return row.reduce<number>((sum, value) => sum + Number(value), 0);
}
