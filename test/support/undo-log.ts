/** Reads a database page by page, with an undo log or without one, and lets things happen in between. */
import { expect } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import type { Table } from "../../formats/format.ts";
import { formats } from "../../formats/index.ts";
import { countedTables, rowSegments } from "../../src/file/pipeline.ts";
import { planOf, deflateLevel, usualPage, usualZstdLevel, type Plan } from "../../src/file/plan.ts";
import { runToEnd } from "../../src/base/event-loop.ts";
import type { Cursor } from "../../src/reader/cursor.ts";
import { beginSnapshot } from "../../src/snapshot/begin-snapshot.ts";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { formatOf } from "./database.ts";

/** What a plan is made with where nothing else is wanted. */
const everything = {
  format: formatOf("sql"),
  compress: "none",
  tables: null,
  exclude: [],
  content: "all",
  level: deflateLevel,
  zstdLevel: usualZstdLevel,
  deflate: "native",
  page: usualPage,
} as const;

/** All that the rows of a database come out as, page by page; between two pages something may happen. No table may be left out of the log. */
export function rowsOf(
  sql: SqlStorage,
  format: "sql" | "csv" | "jsonl",
  rows: number,
  log: UndoLog | null,
  between: () => "go on" | "crash",
): string {
  return [...readTables(sql, format, rows, log, between, (uncovered) => expect(uncovered).toEqual([])).values()].join(
    "",
  );
}

/** The same for each table; `begun` is told, when the log has begun, which tables it cannot keep. */
export function readTables(
  sql: SqlStorage,
  format: "sql" | "csv" | "jsonl",
  rows: number,
  log: UndoLog | null,
  between: () => "go on" | "crash",
  begun: (uncovered: readonly string[], tables: readonly Table[]) => void = () => undefined,
): ReadonlyMap<string, string> {
  const options = { ...everything, format: formatOf(format), page: { ...usualPage, rows } };
  let { source, layout } = planOf(sql, options, formats);
  const names = countedTables(layout.segments).map(({ name }) => name);
  if (log !== null) {
    beginLog(sql, { source, layout }, log);
    begun(log.uncovered, source.schema.tables);
  }
  const read: { name: string; bytes: Uint8Array }[] = [];
  let pages = 0;
  let kept: { part: number; at: Cursor | null; length: number } = { part: 0, at: null, length: 0 };
  const parts = layout.segments.flatMap((part) => (part.kind === "rows" ? [part] : []));
  for (let [part, at]: [number, Cursor | null] = [0, null]; part < parts.length;) {
    const segment = parts[part];
    if (segment === undefined) break;
    const page = source.page(segment, at);
    read.push(...[...page.bytes].map((bytes) => ({ name: segment.table.name, bytes })));
    pages++;
    at = page.next;
    if (at === null) part++;
    const what = between();
    if (log === null) continue;
    if (what === "crash") {
      // the object was lost: what is behind the last checkpoint is read again
      read.length = kept.length;
      ({ part, at } = kept);
      log = new UndoLog(sql, "job");
      ({ source } = planOf(sql, options, formats));
      source.readFrom(log);
    } else if (pages % 3 === 0) {
      kept = { part, at, length: read.length };
      log.advance(names.slice(0, part), names[part] ?? null, at);
    }
  }
  const text = (pieces: typeof read) =>
    new TextDecoder().decode(concatBytes([new Uint8Array(), ...pieces.map(({ bytes }) => bytes)]));
  return new Map([...Map.groupBy(read, ({ name }) => name)].map(([name, pieces]) => [name, text(pieces)]));
}

/** Expects a log to give the rows back as they are now, whatever is done behind each page; the log is over then. */
export function expectKept(
  sql: SqlStorage,
  change: (turn: number) => void,
  format: "sql" | "csv" | "jsonl" = "csv",
  rows = 1,
): void {
  const wanted = rowsOf(sql, format, rows, null, () => "go on");
  let turn = 0;
  const found = rowsOf(sql, format, rows, new UndoLog(sql, "job"), () => {
    change(turn++);
    return "go on";
  });
  expect(found).toBe(wanted);
  new UndoLog(sql, "job").drop();
}

/** Begins a log of all tables. */
export function freeze(sql: SqlStorage): UndoLog {
  const log = new UndoLog(sql, "job");
  beginLog(sql, planOf(sql, everything, formats), log);
  return log;
}

/** Begins a log of all rows of a plan, from which the plan's source reads then. */
export function beginLog(sql: SqlStorage, { source, layout }: Pick<Plan, "source" | "layout">, log: UndoLog): void {
  const { exportId } = log;
  runToEnd(beginSnapshot({ sql, exportId, source, segments: rowSegments(layout.segments) }, log, null));
  source.readFrom(log);
}

/**
 * Gives the tables triggers as a log does, that have nothing to write; they may abort, as any statement that can break a rule may. `named`
 * columns of `t` are looked at, which is what generated columns are computed from in a host's BEFORE UPDATE trigger.
 */
export function addIdleTriggers(sql: SqlStorage, when: readonly string[], named: readonly string[]): void {
  sql.exec("CREATE TABLE idle (a INTEGER PRIMARY KEY)");
  const look = `SELECT RAISE(ABORT, '') WHERE 0; INSERT INTO idle SELECT 1 WHERE 0;`;
  for (const table of ["t", "u"]) {
    const columns = table === "t" && named.length > 0 ? `SELECT ${named.map((name) => `NEW.${name}`).join(", ")};` : "";
    for (const event of when.flatMap((one) => ["INSERT", "UPDATE", "DELETE"].map((verb) => `${one} ${verb}`))) {
      const more = event === "BEFORE UPDATE" ? columns : "";
      attempt(sql, `CREATE TRIGGER "idle ${event} ${table}" ${event} ON ${table} BEGIN ${look}${more} END`);
    }
  }
}

/** Tables that a log cannot keep. */
export function uncoveredIn(sql: SqlStorage): readonly string[] {
  const log = freeze(sql);
  const names = log.uncovered;
  log.drop();
  return names;
}

/** True as long as changes may go on: some double the rows each time, and an object that is lost too often makes no progress. */
export function mayChange(sql: SqlStorage, turn: number): boolean {
  const isSmall = (table: string) => outcomeOf(sql, `SELECT count(*) < 100 FROM ${table}`) !== "[[0]]";
  return turn <= 200 && isSmall("t") && isSmall("u");
}

/** Runs a statement that may well fail. */
export function attempt(sql: SqlStorage, statement: string): void {
  try {
    sql.exec(statement).toArray();
  } catch {
    // a constraint; there may also be no such table
  }
}

/** What came of a statement, as text; of two rules that it breaks SQLite may name either. */
export function outcomeOf(
  sql: SqlStorage,
  statement: string,
  failed: (cause: string) => void = () => undefined,
): string {
  try {
    return JSON.stringify([...sql.exec(statement).raw()], (_, value: unknown) =>
      value instanceof ArrayBuffer ? new Uint8Array(value).toHex() : value,
    );
  } catch (error) {
    failed(String(error));
    return "failed";
  }
}

/** Drops every trigger, view and table of the host's. */
export function tidy(sql: SqlStorage): void {
  const query =
    "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'trigger', 'view') AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY type DESC, rowid DESC";
  for (const { type, name } of sql.exec<{ type: string; name: string }>(query).toArray())
    sql.exec(`DROP ${type} "${name}"`);
}

/** What a log has left, of which nothing should be there when it is over. */
export function leftOf(sql: SqlStorage): readonly string[] {
  const query = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_undo%' ESCAPE '\\'";
  return sql
    .exec<{ name: string }>(query)
    .toArray()
    .map(({ name }) => name);
}
