/** What all undo logs of a database share: the table that says what they keep, how much that is, and how it is taken away. */
import { quoteName } from "../../formats/kit/expression.ts";
import { hasOwn, ownAmong, ownTables, registeredExports, undoPrefix, watchPrefix } from "../schema/own-tables.ts";
import { altering } from "../schema/schema-version.ts";

/** Triggers and tables that are dropped in one turn at most: some 10 ms. */
const droppedPerTurn = 48;

/** Lines of `sqlite_schema` that SQLite goes through for that, as it does for each of them: some 25 ms. */
const droppedLines = 20_000;

/** What a snapshot has left because the host was reading is taken away later. */
export const dropAgainMs = 60_000;

/** `log`: triggers keep what is changed. `copy`: all rows were copied, as the table can have no triggers. `live`: it cannot be kept, and is read as it is. */
export type CaptureMode = "log" | "copy" | "live";

/** True while there is a log. */
export function isThere(sql: SqlStorage): boolean {
  return hasOwn(sql, "_durable_export_undo");
}

/** The export is over: what it has made may go. */
export function retrace(sql: SqlStorage, job: string): void {
  for (const name of ownAmong(sql, stateTables)) {
    if (name === "_durable_export_traces") sql.exec(`UPDATE ${name} SET state = 'over' WHERE job = ?`, job);
    else sql.exec(`DELETE FROM ${name} WHERE job = ?`, job);
  }
}

/**
 * Drops the triggers and tables whose names begin so. As long as any statement of the host's is unfinished (a cursor that was not read to
 * its end) SQLite drops no table: it is emptied then, and goes with `dropSomeLeftovers`.
 */
export function dropUndo(sql: SqlStorage, start: string): void {
  dropSome(sql, [start], Number.POSITIVE_INFINITY);
}

/** Drops so many of them at most, and says how many, and whether there are more. */
function dropSome(sql: SqlStorage, starts: readonly string[], most: number): { dropped: number; isGone: boolean } {
  const all = namesOf(sql, starts);
  // what a trigger writes to is there as long as the trigger is
  const some = [...all.filter(({ type }) => type === "trigger"), ...all.filter(({ type }) => type === "table")];
  let dropped = 0;
  for (const { type, name } of some.slice(0, most)) {
    if (type === "trigger") altering(sql, () => sql.exec(`DROP TRIGGER ${quoteName(name)}`));
    else if (!dropTable(sql, name)) continue;
    dropped++;
  }
  return { dropped, isGone: dropped === all.length };
}

/** Drops what belongs to no export that is under way, as much of it as one turn may take; true if there is more that can be dropped. */
export function dropSomeLeftovers(sql: SqlStorage): boolean {
  if (!hasLeftovers(sql)) return false;
  let left = dropsPerTurn(sql);
  for (const job of overJobs(sql)) {
    const { dropped, isGone } = dropSome(sql, [undoPrefix(job), watchPrefix(job)], left);
    if (isGone) sql.exec("DELETE FROM _durable_export_traces WHERE job = ?", job);
    left -= dropped;
    if (left <= 0) return true;
  }
  if (registeredExports(sql).length > 0) return false;
  const there = ownAmong(sql, stateTables);
  const last = stateTables.filter((name) => there.has(name));
  const isDropped = last.slice(0, left).map((name) => dropTable(sql, name));
  return last.length > left && isDropped.every(Boolean);
}

/** SQLite goes through the whole schema for each DROP: 10,000 tables take some 15 ms. */
function dropsPerTurn(sql: SqlStorage): number {
  const { lines } = sql.exec<{ lines: number | null }>("SELECT max(rowid) AS lines FROM sqlite_schema").one();
  return Math.max(2, Math.min(droppedPerTurn, Math.floor(droppedLines / (lines ?? 1))));
}

/** Drops it where that takes no time to speak of; elsewhere it is left to `droppingLeftovers`. */
export function dropLeftoversSoon(sql: SqlStorage): void {
  if (hasLeftovers(sql) && dropsPerTurn(sql) === droppedPerTurn) dropSomeLeftovers(sql);
}

/** Drops all of it, in turns. */
export function* droppingLeftovers(sql: SqlStorage): Generator<void, void, void> {
  while (dropSomeLeftovers(sql)) yield;
}

/** What is there as long as any export has anything. */
const stateTables = [
  "_durable_export_undo",
  "_durable_export_first",
  "_durable_export_changed",
  "_durable_export_traces",
] as const;

/** True if there is something to sweep. */
export function hasLeftovers(sql: SqlStorage): boolean {
  if (!hasOwn(sql, "_durable_export_traces")) return ownAmong(sql, stateTables).size > 0;
  return overJobs(sql).length > 0 || registeredExports(sql).length === 0;
}

function overJobs(sql: SqlStorage): readonly string[] {
  if (!hasOwn(sql, "_durable_export_traces")) return []; // a host may have the name
  return sql
    .exec<{ job: string }>("SELECT job FROM _durable_export_traces WHERE state = 'over'")
    .toArray()
    .map(({ job }) => job);
}

interface Named {
  readonly type: "trigger" | "table";
  readonly name: string;
}

function namesOf(sql: SqlStorage, starts: readonly string[]): readonly Named[] {
  // one pass, whatever the number of tables: a join would go through them for each
  const isOne = starts.map((_, at) => `substr(name, 1, length(?${at + 1})) = ?${at + 1}`).join(" OR ");
  const query = `SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'table') AND (${isOne})`;
  return [...sql.exec(query, ...starts).raw<[Named["type"], string]>()].map(([type, name]) => ({
    type,
    name,
  }));
}

/** How many triggers each table of a log has, by its number. */
export function countTriggers(sql: SqlStorage, job: string): ReadonlyMap<number, number> {
  const start = undoPrefix(job);
  const counts = new Map<number, number>();
  for (const { type, name } of namesOf(sql, [start])) {
    const n = Number.parseInt(name.slice(start.length), 10);
    if (type === "trigger") counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  return counts;
}

/** A number for the first table of a log, so that its names are not those of tables that could not be dropped. */
export function nextNumber(sql: SqlStorage, job: string): number {
  const start = undoPrefix(job);
  const numbers = namesOf(sql, [start]).map(({ name }) => Number.parseInt(name.slice(start.length), 10));
  return Math.max(-1, ...numbers) + 1;
}

function dropTable(sql: SqlStorage, name: string): boolean {
  try {
    altering(sql, () => sql.exec(`DROP TABLE ${quoteName(name)}`));
    return true;
  } catch (error) {
    if (!String(error).includes("SQLITE_LOCKED")) throw error;
    sql.exec(`DELETE FROM ${quoteName(name)}`);
    return false;
  }
}

/** Takes all of the exporter's tables away; one that the host is just reading beside is emptied. */
export function dropOwn(sql: SqlStorage): void {
  for (const name of ownTables) if (hasOwn(sql, name)) dropTable(sql, name);
}

/** Takes away the logs of all exports but these: the object was lost while they were made, and nobody goes on with them. */
export function dropUndoLogs(sql: SqlStorage, isOpen: (job: string) => boolean): void {
  for (const job of registeredExports(sql)) {
    if (!isOpen(job)) retrace(sql, job);
  }
  dropLeftoversSoon(sql);
}
