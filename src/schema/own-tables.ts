/**
 * Everything that the exporter keeps in the host's database, and how it is told from what is the host's: a table by its whole definition,
 * and what belongs to one export by that export's id, which is written down in the turn in which the first of it is made. A name alone says
 * nothing: the host may have taken it.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import { ExportError } from "../errors.ts";
import { altering } from "./schema-version.ts";

/** What all names begin with: that of the package. */
const prefix = "_durable_export_";

const definitions = {
  // the versions stand in front of the text, which may be long: a query passes over a job without reading it
  _durable_export_jobs:
    "(id TEXT PRIMARY KEY, started INTEGER NOT NULL, state TEXT NOT NULL, wake INTEGER NOT NULL, idempotency TEXT UNIQUE, version INTEGER AS (json_extract(job, '$.version')) STORED, checkpoint_version INTEGER AS (json_extract(job, '$.checkpoint.version')) STORED, job TEXT NOT NULL) WITHOUT ROWID",
  _durable_export_parts:
    "(job TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL, PRIMARY KEY (job, number)) WITHOUT ROWID",
  _durable_export_remainder:
    "(job TEXT NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (job, number))",
  // the text of a job that is too long for one value
  _durable_export_pieces: "(job TEXT NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job, n))",
  _durable_export_alarm: "(one INTEGER PRIMARY KEY CHECK (one = 1), own INTEGER, host INTEGER)",
  // which tables were changed under an export, and what a virtual one was like when it began
  _durable_export_changed: "(job TEXT NOT NULL, name TEXT NOT NULL, state TEXT, PRIMARY KEY (job, name)) WITHOUT ROWID",
  // exports that have triggers or tables of their own, until the last of those is gone
  _durable_export_traces: "(job TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
  // what tables came out as that were read when an export began
  _durable_export_first:
    "(job TEXT NOT NULL, chunk INTEGER NOT NULL, entries TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (job, chunk))",
  // how each table of an export is kept; `at` is the rowid up to which rows are never read again
  _durable_export_undo:
    "(job TEXT NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, mode TEXT NOT NULL, at INTEGER, PRIMARY KEY (job, n)) WITHOUT ROWID",
} as const;

/** A table of the exporter's that is there for all exports. */
export type OwnTable = keyof typeof definitions;

/** The tables that the first job makes, all at once. */
export const jobTables = [
  "_durable_export_jobs",
  "_durable_export_parts",
  "_durable_export_remainder",
  "_durable_export_alarm",
  "_durable_export_pieces",
] as const satisfies readonly OwnTable[];

/** Miniflare's table for the name of a local object (miniflare, do-wrapper.worker). */
const miniflare = "CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)";

/** A line of `sqlite_schema`. */
export interface SchemaLine {
  readonly type: string;
  readonly name: string;
  /** The table it belongs to. */
  readonly table: string;
  readonly sql: string | null;
}

function definitionOf(name: OwnTable): string {
  return `CREATE TABLE ${name} ${definitions[name]}`;
}

/** All of them. */
export const ownTables: readonly OwnTable[] = Object.keys(definitions).filter(isOwnTable);

function isOwnTable(name: string): name is OwnTable {
  return Object.hasOwn(definitions, name);
}

/** Where in `sqlite_schema` tables were seen to be the exporter's, so that it need not be gone through again for them. */
const seen = new WeakMap<SqlStorage, Map<OwnTable, number>>();

/** Those of some tables that are there, and are the exporter's. Reads a few rows, however many tables the host has. */
export function ownAmong(sql: SqlStorage, names: readonly OwnTable[]): ReadonlySet<OwnTable> {
  const known = seen.get(sql) ?? new Map<OwnTable, number>();
  // the exporter drops some of its tables, and a host may take the name then: what was seen is looked at again
  const again =
    "SELECT s.name FROM json_each(?) w CROSS JOIN sqlite_schema s ON s.rowid = w.value ->> 0 WHERE s.type = 'table' AND s.name = w.value ->> 1 AND s.sql = w.value ->> 2";
  const lines = names.flatMap((name) => {
    const line = known.get(name);
    return line === undefined ? [] : [[line, name, definitionOf(name)]];
  });
  const own = new Set<unknown>(lines.length === 0 ? [] : [...sql.exec(again, JSON.stringify(lines)).raw()].flat());
  const others = names.filter((name) => !own.has(name));
  if (others.length === 0) return new Set(names);
  // pragma_table_info looks a name up, where sqlite_schema has to be gone through
  const query = "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM pragma_table_info(value))";
  const there = new Set([...sql.exec(query, JSON.stringify(others)).raw()].flat());
  const unknown = others.filter((name) => there.has(name));
  if (unknown.length > 0) {
    // one pass over sqlite_schema, whatever the number of names
    const called =
      "SELECT name, rowid AS line, sql FROM sqlite_schema WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))";
    const found = sql.exec<{ name: OwnTable; line: number; sql: string }>(called, JSON.stringify(unknown)).toArray();
    for (const { name, line, sql: text } of found) {
      if (text !== definitionOf(name)) continue;
      known.set(name, line);
      own.add(name);
    }
    seen.set(sql, known);
  }
  return new Set(names.filter((name) => own.has(name)));
}

/** True if there is this table, and it is the exporter's. */
export function hasOwn(sql: SqlStorage, name: OwnTable): boolean {
  return ownAmong(sql, [name]).has(name);
}

/** True once a first job has made its tables, all of them. */
export function hasJobTables(sql: SqlStorage): boolean {
  return ownAmong(sql, jobTables).size === jobTables.length;
}

/** Makes tables that are not there. Throws `name_taken`, and makes none, if something of the host's has the name of one. */
export function makeOwn(sql: SqlStorage, ...names: readonly OwnTable[]): void {
  const there = ownAmong(sql, names);
  const missing = names.filter((name) => !there.has(name));
  if (missing.length === 0) return;
  const query =
    "SELECT type, name FROM sqlite_schema WHERE name COLLATE NOCASE IN (SELECT value FROM json_each(?)) LIMIT 1";
  const [taken] = sql.exec<{ type: string; name: string }>(query, JSON.stringify(missing)).toArray();
  if (taken !== undefined) throw nameTaken(taken);
  altering(sql, () => {
    for (const name of missing) sql.exec(definitionOf(name));
  });
}

function nameTaken({ type, name }: { readonly type: string; readonly name: string }): ExportError {
  const message = `Cannot keep what an export needs: the ${type} ${quoteName(name)} is in its place, and is not the exporter's; rename it, or drop it. Nothing was done to it`;
  return new ExportError("name_taken", message, { details: { type, name } });
}

/** Writes an export down, before anything is made that has its name. Throws `name_taken`. */
export function markOpen(sql: SqlStorage, job: string): void {
  makeOwn(sql, "_durable_export_traces");
  if (!registeredExports(sql).includes(job)) {
    const query =
      "SELECT type, name FROM sqlite_schema WHERE substr(lower(name), 1, length(?1)) = lower(?1) OR substr(lower(name), 1, length(?2)) = lower(?2) LIMIT 1";
    const [taken] = sql.exec<{ type: string; name: string }>(query, undoPrefix(job), watchPrefix(job)).toArray();
    if (taken !== undefined) throw nameTaken(taken);
  }
  const insert =
    "INSERT INTO _durable_export_traces (job, state) VALUES (?, 'open') ON CONFLICT DO UPDATE SET state = 'open' WHERE state = 'over'";
  sql.exec(insert, job);
}

/** The export has taken hold of all its tables. */
export function markBegun(sql: SqlStorage, job: string): void {
  sql.exec("UPDATE _durable_export_traces SET state = 'begun' WHERE job = ?", job);
}

/** How far an export has come in that; null where it has nothing, or it is over. */
export function stateOfExport(sql: SqlStorage, job: string): "open" | "begun" | null {
  if (!hasOwn(sql, "_durable_export_traces")) return null;
  const query = "SELECT state FROM _durable_export_traces WHERE job = ? AND state <> 'over'";
  return sql.exec<{ state: "open" | "begun" }>(query, job).toArray()[0]?.state ?? null;
}

/** What is called so in the undo log of an export. */
export const undoPrefix = (job: string) => `${prefix}undo_${job}_`;
/** What is called so in the watch of an export. */
export const watchPrefix = (job: string) => `${prefix}watch_${job}_`;

/** Exports that may have triggers or tables. */
export function registeredExports(sql: SqlStorage): readonly string[] {
  if (!hasOwn(sql, "_durable_export_traces")) return [];
  return sql
    .exec<{ job: string }>("SELECT job FROM _durable_export_traces")
    .toArray()
    .map(({ job }) => job);
}

/** Tells whose the lines of `sqlite_schema` are, as it is now. */
export function ownership(sql: SqlStorage): (line: SchemaLine) => "host" | "platform" | "exporter" {
  const starts = registeredExports(sql).flatMap((job) => [undoPrefix(job), watchPrefix(job)]);
  const isTrace = (name: string) => name.startsWith(prefix) && starts.some((start) => name.startsWith(start));
  const tables: ReadonlySet<string> = ownAmong(sql, ownTables);
  return ({ type, name, table, sql: text }) => {
    // workerd lets nobody else make such names (api/sql.c++:141)
    if (/^_cf_/i.test(name) || /^_cf_/i.test(table) || (type === "table" && text === miniflare)) return "platform";
    const isOwn = isTrace(name) || (type === "table" && tables.has(name));
    const isIndexOfOwn = text === null && (isTrace(table) || tables.has(table));
    return isOwn || isIndexOfOwn ? "exporter" : "host";
  };
}
