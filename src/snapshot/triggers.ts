/**
 * The triggers that keep what is about to be lost.
 *
 * REPLACE deletes rows without firing delete triggers, unless `recursive_triggers` is on, which would change the host's own triggers. So
 * rows are kept before they can be lost: those with the new key, and those with a value that must be unique and is a new row's. A row that
 * is kept and then does not change does no harm. The conflict clause of the outer statement is that of a trigger's statements, too
 * (https://sqlite.org/lang_createtrigger.html), so that nothing here may conflict: what is known already is left out by NOT EXISTS. Triggers
 * that were made last run first (a runtime contract of the tests): a new row is marked as new before a trigger of the host's can change it.
 * The actions of foreign keys come before any AFTER UPDATE trigger, so a key that a row moves to is marked before it moves: nobody has it then.
 *
 * A rowid that an INSERT gives as an expression is computed a second time behind the BEFORE triggers (insert.c), and `abs(random()) % 9` is
 * another one then. So keys that the snapshot may hold are looked at beforehand and noted; a row that comes in with one that was not took the
 * place of a row unseen, and the table is noted as changed.
 *
 * Each of them may ABORT, for SQLite opens a statement journal only then: without one a statement that fails for another reason, such as too
 * many levels of triggers, leaves what it has done so far (vdbeaux.c, `usesStmtJournal`).
 */
import { allOf, anyOf, quoteName } from "../../formats/kit/expression.ts";
import { alias, comparable, keyColumns, type KeyColumn } from "../schema/key.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { conflictsOf, generatedIn, type Conflicts, type UniqueKey } from "./conflicts.ts";
import { mayHinder, namedFor } from "./fallible-columns.ts";
import { copyOf, isUnknown, type UndoNames } from "./undo-log-tables.ts";
import { mayAbort, noteOf } from "./change-tracker.ts";

/** CREATE TRIGGER statements for a table; null where rows can be lost that these cannot tell beforehand. */
export function triggersOf(sql: SqlStorage, table: SourceTable, names: UndoNames): readonly string[] | null {
  const conflicts = conflictsOf(sql, table);
  if (conflicts === null || mayHinder(sql, table)) return null;
  const { keys, defaults } = conflicts;
  const named = namedFor(sql, table);
  const keep = (condition: string) =>
    copyOf(table, names, `${condition}${notYetRead(table, names, alias)} AND ${isUnknown(table, names, alias)}`);
  const keepNew = keys.flatMap((unique) => conflictConditions(unique, defaults).map(keep));
  const keepOld = keep(sameKey(keyColumns(table.key), "OLD"));
  const markNew = `${markOf(table, names)};`;
  // where a key may become a default, it is known only afterwards
  const isLate = keyColumns(table.key).some((column) => defaults.has(column.sql));
  const { early, unseen } = keysUpTo(sql, table, names);
  const bodies: readonly (readonly [string, string, readonly string[]])[] = [
    ["bi", "BEFORE INSERT", [...keepNew, ...early]],
    ["ai", "AFTER INSERT", [...unseen, markNew]],
    ...(named === null ? [] : [["bn", `BEFORE UPDATE${ofColumns(named.updated)}`, [looksAt(named.columns)]] as const]),
    ["bu", "BEFORE UPDATE", [...valuesOf(table, keys), keepOld, ...keepNew, ...(isLate ? [] : [markNew])]],
    ...(isLate ? [["au", "AFTER UPDATE", [markNew]] as const] : []),
    ["bd", "BEFORE DELETE", [keepOld]],
  ];
  return bodies.map(
    ([name, event, body]) =>
      `CREATE TRIGGER ${quoteName(names.prefix + name)} ${event} ON ${quoteName(table.name)} BEGIN ${mayAbort} ${body.join(" ")} END`,
  );
}

/**
 * Looks at what generated columns are made of: a BEFORE UPDATE trigger sees NULL for the columns that it does not name and that stay as they
 * are, and generated columns that are computed from these NULLs (update.c, `newmask`).
 */
function valuesOf(table: SourceTable, keys: readonly UniqueKey[]): readonly string[] {
  const sources = new Set(keys.flatMap((key) => (generatedIn(table, key).length > 0 ? [...key.sources] : [])));
  return sources.size === 0 ? [] : [looksAt([...sources])];
}

function looksAt(columns: readonly string[]): string {
  return `SELECT ${columns.map((name) => `NEW.${quoteName(name)}`).join(",")};`;
}

function ofColumns(columns: readonly string[] | null): string {
  return columns === null ? "" : ` OF ${columns.join(",")}`;
}

/**
 * Statements for keys that are rowids of the snapshot, or between them. `early` notes, before a row comes in, that nobody has its key: the
 * one given, or, for -1, which an automatic one shows as, the one behind the last. `unseen` notes a row with a key that this does not know.
 */
function keysUpTo(
  sql: SqlStorage,
  table: SourceTable,
  names: UndoNames,
): { readonly early: readonly string[]; readonly unseen: readonly string[] } {
  const { key, name } = table;
  if (key.kind !== "rowid") return { early: [], unseen: [] };
  const query = `SELECT CAST(max(${key.sql}) AS TEXT) AS last FROM ${quoteName(name)} AS ${alias}`;
  const { last } = sql.exec<{ last: string | null }>(query).one();
  if (last === null) return { early: [], unseen: [] }; // no row of it can be lost
  const rowid = key.sql.slice(alias.length + 1);
  // not by max(): with a condition behind it SQLite goes through the whole table for that
  const greatest = `(SELECT ${key.sql} FROM ${quoteName(name)} AS ${alias} ORDER BY ${key.sql} DESC LIMIT 1)`;
  const next = `(SELECT ifnull(${greatest},0)+1 AS ${rowid})`;
  const isNew = (row: string) =>
    `${row}.${rowid}<=${last} AND ${isUnknown(table, names, row)}${notYetRead(table, names, row)}`;
  const into = `INSERT INTO ${quoteName(names.added)} (${table.rowid === null ? rowid : "k"})`;
  return {
    early: [
      `${into} SELECT NEW.${rowid} WHERE ${isNew("NEW")};`,
      `${into} SELECT _n.${rowid} FROM ${next} AS _n WHERE NEW.${rowid}=-1 AND ${isNew("_n")};`,
    ],
    unseen: [noteOf(names.job, name, isNew("NEW"))],
  };
}

/**
 * Rows that a new one takes away, as conditions. What becomes a default counts as any value: a condition of its own, which SQLite looks at
 * once and not for each row, so that the first one can use the index.
 */
function conflictConditions({ columns, where }: UniqueKey, defaults: Conflicts["defaults"]): readonly string[] {
  const more = where === null ? "" : ` AND (${where})`;
  const missing = (column: KeyColumn) =>
    defaults.get(column.sql)?.map((one) => `NEW${one.slice(alias.length)} IS NULL`);
  const conditions = new Set(columns.flatMap((column) => missing(column) ?? []));
  const exact = `${sameKey(columns, "NEW")}${more}`;
  if (conditions.size === 0) return [exact];
  const any = columns.map((column) => anyOf([sameKey([column], "NEW"), ...(missing(column) ?? [])]) ?? "1");
  return [exact, `(${anyOf([...conditions])}) AND ${allOf(any)}${more}`];
}

/** True for rows with the same values in these columns as another row. */
function sameKey(columns: readonly KeyColumn[], row: "NEW" | "OLD"): string {
  return allOf(columns.map((column) => `${comparable(column)}=${row}${column.sql.slice(alias.length)}`)) ?? "1";
}

/** AND … for rows that are still to be read; where rows go by another key than the rowid, all of a table are. */
function notYetRead({ key }: SourceTable, { at }: UndoNames, row: string): string {
  return key.kind === "rowid" ? ` AND ifnull(${row}${key.sql.slice(alias.length)}>${at},1)` : "";
}

/** Notes that a key was not there. NULL is no key of a table without rowid: the host's own statement says so. */
function markOf(table: SourceTable, names: UndoNames): string {
  const columns = keyColumns(table.key).map(({ sql }) => sql.slice(alias.length));
  const list = table.rowid === null ? columns.map((column) => column.slice(1)) : ["k"];
  const isKey = allOf(columns.map((column) => `NEW${column} IS NOT NULL`)) ?? "1";
  return (
    `INSERT INTO ${quoteName(names.added)} (${list.join(",")}) SELECT ${columns.map((column) => `NEW${column}`).join(",")} ` +
    `WHERE ${isKey} AND ${isUnknown(table, names, "NEW")}${notYetRead(table, names, "NEW")}`
  );
}
