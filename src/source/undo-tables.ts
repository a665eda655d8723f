/** The tables of an undo log: what they are called, and how they are made and filled. */
import { quoteName, quoteText } from "../../formats/expression.ts";
import { alias, comparable, directionOf, keyColumns } from "./key.ts";
import type { SourceTable } from "./schema.ts";
import { isIn } from "./window.ts";

/** What all names of a log begin with. */
export const undoPrefix = "_export_undo_";

/** Names of what belongs to one table in the log of one export. */
export class UndoNames {
  readonly old: string;
  readonly added: string;
  /** SQL for the rowid up to which rows need not be kept any more; NULL for none. */
  readonly at: string;

  constructor(job: string, n: number) {
    this.old = `${undoPrefix}${job}_${n}_old`;
    this.added = `${undoPrefix}${job}_${n}_added`;
    this.at = `(SELECT at FROM _export_undo WHERE job=${quoteText(job)} AND n=${n})`;
  }
}

/** A table of the same columns and the same key; its columns change nothing that comes from the other's. */
export function definitionOf({ key, visible, rowid }: SourceTable, name: string): string {
  const columns = visible.map((column) => {
    const isRowid = rowid === null && key.kind === "rowid" && column.sql === key.sql;
    return `${quoteName(column.name)} ${isRowid ? "INTEGER PRIMARY KEY" : column.affinity === "BLOB" ? "" : column.affinity}`;
  });
  return key.kind === "columns"
    ? `CREATE TABLE ${quoteName(name)} (${columns.join(",")}, PRIMARY KEY (${keyList({ key })})) WITHOUT ROWID`
    : `CREATE TABLE ${quoteName(name)} (${columns.join(",")})`;
}

/** A table of the same key, and nothing else. */
export function keysOf({ key, rowid, visible }: SourceTable, name: string): string {
  if (key.kind !== "columns") {
    const own = visible.find((column) => rowid === null && key.kind === "rowid" && column.sql === key.sql);
    return `CREATE TABLE ${quoteName(name)} (${quoteName(own?.name ?? "k")} INTEGER PRIMARY KEY)`;
  }
  const columns = visible.filter((column) => key.columns.some(({ sql }) => sql === column.sql));
  const list = columns.map(
    (column) => `${quoteName(column.name)} ${column.affinity === "BLOB" ? "" : column.affinity}`,
  );
  return `CREATE TABLE ${quoteName(name)} (${list.join(",")}, PRIMARY KEY (${keyList({ key })})) WITHOUT ROWID`;
}

function keyList({ key }: Pick<SourceTable, "key">): string {
  return keyColumns(key)
    .map((column) => `${comparable({ ...column, sql: column.sql.slice(alias.length + 1) })}${directionOf(column)}`)
    .join(",");
}

/** Copies rows with their rowids and all their columns; `condition` is on the row `_t`. */
export function copyOf({ name, rowid, visible }: SourceTable, into: string, condition: string): string {
  const columns = rowid === null ? visible : [rowid, ...visible];
  const names = columns.map((column) => (column === rowid ? column.name : quoteName(column.name)));
  return (
    `INSERT INTO ${quoteName(into)} (${names.join(",")}) SELECT ${columns.map(({ sql }) => sql).join(",")} ` +
    `FROM ${quoteName(name)} AS ${alias}${condition === "" ? "" : ` WHERE ${condition}`}`
  );
}

/** True for a row whose key is in neither table of a log. */
export function isUnknown({ key }: SourceTable, { old, added }: UndoNames, row: string): string {
  return `NOT ${isIn(key, old, row)} AND NOT ${isIn(key, added, row)}`;
}
