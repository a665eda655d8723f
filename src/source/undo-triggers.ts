/**
 * The triggers that keep what is about to be lost.
 *
 * REPLACE deletes rows without firing delete triggers, unless `recursive_triggers` is on, which would change the host's own triggers. So
 * rows are kept before they can be lost: those with the new key, and those with a value that must be unique and is a new row's. A row that
 * is kept and then does not change does no harm. The conflict clause of the outer statement is that of a trigger's statements, too
 * (https://sqlite.org/lang_createtrigger.html), so that nothing here may conflict: what is known already is left out by NOT EXISTS. Triggers
 * that were made last run first (a runtime contract of the tests): a new row is marked as new before a trigger of the host's can change it.
 * The actions of foreign keys come before any AFTER UPDATE trigger, so a key that a row moves to is marked before it moves: nobody has it then.
 */
import { allOf, anyOf, quoteName } from "../../formats/expression.ts";
import { alias, comparable, keyColumns, type KeyColumn } from "./key.ts";
import type { SourceTable } from "./schema.ts";
import { conflictsOf, type Conflicts, type UniqueKey } from "./undo-conflicts.ts";
import { copyOf, isUnknown, type UndoNames } from "./undo-tables.ts";

/** CREATE TRIGGER statements for a table; null where rows can be lost that these cannot tell beforehand. */
export function triggersOf(sql: SqlStorage, table: SourceTable, names: UndoNames): readonly string[] | null {
  const conflicts = conflictsOf(sql, table);
  if (conflicts === null) return null;
  const { keys, defaults } = conflicts;
  const keep = (condition: string) =>
    copyOf(table, names, `${condition}${ahead(table, names, alias)} AND ${isUnknown(table, names, alias)}`);
  const keepNew = keys.flatMap((unique) => inTheWay(unique, defaults).map(keep)).join(" ");
  const keepOld = keep(like(keyColumns(table.key), "OLD"));
  const markNew = `${markOf(table, names)};`;
  // where a key may become a default, it is known only afterwards
  const isLate = keyColumns(table.key).some((column) => defaults.has(column.sql));
  const bodies: readonly (readonly [string, string, string])[] = [
    ["bi", "BEFORE INSERT", keepNew],
    ["ai", "AFTER INSERT", markNew],
    ["bu", "BEFORE UPDATE", [keepOld, keepNew, ...(isLate ? [] : [markNew])].join(" ")],
    ...(isLate ? [["au", "AFTER UPDATE", markNew] as const] : []),
    ["bd", "BEFORE DELETE", keepOld],
  ];
  return bodies.map(
    ([name, event, body]) =>
      `CREATE TRIGGER ${quoteName(names.prefix + name)} ${event} ON ${quoteName(table.name)} BEGIN ${body} END`,
  );
}

/** Statements that touch no row, and fire each of these triggers if they did. */
export function statementsOn({ name, stored }: SourceTable): readonly string[] {
  const [table, columns] = [quoteName(name), stored.map((column) => quoteName(column.name))];
  const [first = ""] = columns;
  return [
    `INSERT INTO ${table} (${columns.join(",")}) SELECT ${columns.map(() => "NULL").join(",")} WHERE 0`,
    `UPDATE ${table} SET ${first}=${first} WHERE 0`,
    `DELETE FROM ${table} WHERE 0`,
  ];
}

/**
 * Rows that a new one takes away, as conditions. What becomes a default counts as any value: a condition of its own, which SQLite looks at
 * once and not for each row, so that the first one can use the index.
 */
function inTheWay({ columns, where }: UniqueKey, defaults: Conflicts["defaults"]): readonly string[] {
  const more = where === null ? "" : ` AND (${where})`;
  const missing = (column: KeyColumn) =>
    defaults.get(column.sql)?.map((one) => `NEW${one.slice(alias.length)} IS NULL`);
  const conditions = new Set(columns.flatMap((column) => missing(column) ?? []));
  const exact = `${like(columns, "NEW")}${more}`;
  if (conditions.size === 0) return [exact];
  const any = columns.map((column) => anyOf([like([column], "NEW"), ...(missing(column) ?? [])]) ?? "1");
  return [exact, `(${anyOf([...conditions])}) AND ${allOf(any)}${more}`];
}

/** True for rows with the same values in these columns as another row. */
function like(columns: readonly KeyColumn[], row: "NEW" | "OLD"): string {
  return allOf(columns.map((column) => `${comparable(column)}=${row}${column.sql.slice(alias.length)}`)) ?? "1";
}

/** AND … for rows that are still to be read; where rows go by another key than the rowid, all of a table are. */
function ahead({ key }: SourceTable, { at }: UndoNames, row: string): string {
  return key.kind === "rowid" ? ` AND ifnull(${row}${key.sql.slice(alias.length)}>${at},1)` : "";
}

/** Notes that a key was not there. NULL is no key of a table without rowid: the host's own statement says so. */
function markOf(table: SourceTable, names: UndoNames): string {
  const columns = keyColumns(table.key).map(({ sql }) => sql.slice(alias.length));
  const list = table.rowid === null ? columns.map((column) => column.slice(1)) : ["k"];
  const isKey = allOf(columns.map((column) => `NEW${column} IS NOT NULL`)) ?? "1";
  return (
    `INSERT INTO ${quoteName(names.added)} (${list.join(",")}) SELECT ${columns.map((column) => `NEW${column}`).join(",")} ` +
    `WHERE ${isKey} AND ${isUnknown(table, names, "NEW")}${ahead(table, names, "NEW")}`
  );
}
