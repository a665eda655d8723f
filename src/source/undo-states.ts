/** What all undo logs of a database share: the table that says what they keep, how much that is, and how it is taken away. */
import { quoteName } from "../../formats/expression.ts";
import { undoBytes } from "../limits.ts";
import { alias } from "./key.ts";
import { undoPrefix } from "./undo-tables.ts";

/** `log`: by triggers. `copy`: all rows, as such a table can have no triggers. `live`: as it is; there is no way to keep it. */
export type Mode = "log" | "copy" | "live";

/** The table that says so. */
const states = "_export_undo";

/** One line for each table of each export; `at` is the rowid up to which rows are never read again. */
export const undoStates = `CREATE TABLE IF NOT EXISTS ${states} (job TEXT NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, mode TEXT NOT NULL, at INTEGER, PRIMARY KEY (job, n)) WITHOUT ROWID`;

/** True while there is a log. */
export function isThere(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_export_undo'").toArray().length > 0;
}

/**
 * Drops the triggers and tables whose names begin so. As long as any statement of the host's is unfinished (a cursor that was not read to
 * its end) SQLite drops no table: it is emptied then, and goes with `sweepUndo`.
 */
export function dropUndo(sql: SqlStorage, start: string): void {
  drop(
    sql,
    namesOf(sql).filter(({ name }) => name.startsWith(start)),
  );
}

/** Drops all that belongs to no export that keeps rows. */
export function sweepUndo(sql: SqlStorage): void {
  drop(sql, leftOf(sql));
}

/** True if there is something to sweep. */
export function isUndoLeft(sql: SqlStorage): boolean {
  return leftOf(sql).length > 0;
}

interface Named {
  readonly type: "trigger" | "table";
  readonly name: string;
}

function namesOf(sql: SqlStorage): readonly Named[] {
  const query = `SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'table') AND substr(name, 1, ?) = ?`;
  return [...sql.exec(query, states.length, states).raw<[Named["type"], string]>()].map(([type, name]) => ({
    type,
    name,
  }));
}

function leftOf(sql: SqlStorage): readonly Named[] {
  const names = namesOf(sql);
  if (names.length === 0) return names;
  const jobs = undoJobs(sql);
  return names.filter(({ name }) =>
    name === states ? jobs.length === 0 : !jobs.some((job) => name.startsWith(`${undoPrefix}${job}_`)),
  );
}

/** A number for the first table of a log, so that its names are not those of tables that could not be dropped. */
export function nextNumber(sql: SqlStorage, job: string): number {
  const start = `${undoPrefix}${job}_`;
  const numbers = namesOf(sql).flatMap(({ name }) =>
    name.startsWith(start) ? [Number.parseInt(name.slice(start.length), 10)] : [],
  );
  return Math.max(-1, ...numbers) + 1;
}

function drop(sql: SqlStorage, names: readonly Named[]): void {
  const of = (wanted: Named["type"]) => names.filter(({ type }) => type === wanted).map(({ name }) => quoteName(name));
  for (const name of of("trigger")) sql.exec(`DROP TRIGGER ${name}`);
  for (const name of of("table")) {
    try {
      sql.exec(`DROP TABLE ${name}`);
    } catch (error) {
      if (!String(error).includes("SQLITE_LOCKED")) throw error;
      sql.exec(`DELETE FROM ${name}`);
    }
  }
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

/** True if all values of a table have no more bytes, and there are no more rows: both are looked at no further. */
export function isSmall(sql: SqlStorage, table: string, bytes: number, rows: number): boolean {
  const sizes = `SELECT ${sizesOf(sql, table)} AS size FROM ${quoteName(table)} AS ${alias} LIMIT ${rows + 1}`;
  const { found, total } = sql
    .exec<{ found: number; total: number }>(`SELECT count(*) AS found, total(size) AS total FROM (${sizes})`)
    .one();
  return found <= rows && total <= bytes;
}

/** Bytes of all values of a table. */
export function sizeOf(sql: SqlStorage, table: string): number {
  const query = `SELECT total(${sizesOf(sql, table)}) AS total FROM ${quoteName(table)} AS ${alias}`;
  return sql.exec<{ total: number }>(query).one().total;
}

/** SQL for the bytes of one row's values. In groups, as an expression may be a hundred deep, and a table as many columns wide. */
function sizesOf(sql: SqlStorage, table: string): string {
  const sizes = sql
    .exec<{ name: string }>("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", table)
    .toArray()
    .map(({ name }) => `ifnull(octet_length(${alias}.${quoteName(name)}),0)`);
  const groups = Map.groupBy(sizes.entries(), ([at]) => Math.floor(at / 10)).values();
  return [...groups].map((group) => `(${group.map(([, size]) => size).join("+")})`).join("+");
}
