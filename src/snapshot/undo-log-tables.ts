/** The tables of an undo log: what they are called, and how they are made and filled. */
import { foldAscii, quoteName, quoteText } from "../../formats/kit/expression.ts";
import type { Column } from "../../formats/format.ts";
import { maxColumns } from "../platform-limits.ts";
import { definedColumns } from "../schema/column-definitions.ts";
import { alias, comparable, directionOf, keyColumns, rowidSql } from "../schema/key.ts";
import { undoPrefix } from "../schema/own-tables.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { isIn } from "../reader/page-query.ts";

/** Names of what belongs to one table in the log of one export. */
export class UndoNames {
  readonly job: string;
  /** What all of them begin with. */
  readonly prefix: string;
  readonly old: string;
  readonly added: string;
  readonly more: string;
  readonly shown: string;
  /** SQL for the rowid up to which rows need not be kept any more; NULL for none. */
  readonly at: string;

  constructor(job: string, n: number) {
    this.job = job;
    this.prefix = `${undoPrefix(job)}${n}_`;
    this.old = `${this.prefix}old`;
    this.added = `${this.prefix}added`;
    this.more = `${this.prefix}more`;
    this.shown = `${this.prefix}shown`;
    this.at = `(SELECT at FROM _durable_export_undo WHERE job=${quoteText(job)} AND n=${n})`;
  }
}

/** A table of the same key and of the columns that are on disk; they change nothing that comes from the other's. */
export function definitionOf(table: SourceTable, name: string): string {
  return created(
    table,
    name,
    table.kept.map((column) => typed(table, column)),
  );
}

/** True for a table with virtual generated columns. */
export function isComputed({ kept, columns }: SourceTable): boolean {
  return kept.length < columns.length;
}

/** A table of all its columns, which computes the virtual ones as the table itself does; null where its definition is not understood. */
export function shownOf(table: SourceTable, name: string): string | null {
  const defined = definedColumns(table.sql ?? "");
  const onDisk = new Set(table.kept.map((column) => column.name));
  const columns = table.columns.map((column) => {
    const { expression, collation } = defined.get(foldAscii(column.name)) ?? { expression: null, collation: null };
    if (expression === null && !onDisk.has(column.name)) return null;
    const collated = collation === null ? "" : ` COLLATE ${collation}`; // expressions compare by it
    return `${typed(table, column)}${collated}${onDisk.has(column.name) ? "" : ` AS ${expression}`}`;
  });
  const known = columns.flatMap((column) => column ?? []);
  return known.length === columns.length ? created(table, name, known) : null;
}

function typed({ key, rowid }: SourceTable, column: Column): string {
  const isRowid = rowid === null && key.kind === "rowid" && column.sql === key.sql;
  return `${quoteName(column.name)} ${isRowid ? "INTEGER PRIMARY KEY" : column.affinity === "BLOB" ? "" : column.affinity}`;
}

function created({ key }: SourceTable, name: string, columns: readonly string[]): string {
  return key.kind === "columns"
    ? `CREATE TABLE ${quoteName(name)} (${columns.join(",")}, PRIMARY KEY (${keyList({ key })})) WITHOUT ROWID`
    : `CREATE TABLE ${quoteName(name)} (${columns.join(",")})`;
}

/** A table of the same key, and nothing else. */
export function keysOf({ key, rowid, columns }: SourceTable, name: string): string {
  if (key.kind !== "columns") {
    const own = columns.find((column) => rowid === null && key.kind === "rowid" && column.sql === key.sql);
    return `CREATE TABLE ${quoteName(name)} (${quoteName(own?.name ?? "k")} INTEGER PRIMARY KEY)`;
  }
  const keyed = columns.filter((column) => key.columns.some(({ sql }) => sql === column.sql));
  const list = keyed.map((column) => `${quoteName(column.name)} ${column.affinity === "BLOB" ? "" : column.affinity}`);
  return `CREATE TABLE ${quoteName(name)} (${list.join(",")}, PRIMARY KEY (${keyList({ key })})) WITHOUT ROWID`;
}

function keyList({ key }: Pick<SourceTable, "key">): string {
  return keyColumns(key)
    .map((column) => `${comparable({ ...column, sql: column.sql.slice(alias.length + 1) })}${directionOf(column)}`)
    .join(",");
}

/**
 * Statements that copy rows with their rowids and all that is on disk, each with its `;`; `condition` is on the row `_t`. What is computed is
 * not copied: that may fail, and the host's statement with it, which does not look at it.
 */
export function copyOf(table: SourceTable, names: UndoNames, condition: string): string {
  const { name, rowid, kept } = table;
  const where = `FROM ${quoteName(name)} AS ${alias}${condition === "" ? "" : ` WHERE ${condition}`}`;
  const insert = (columns: readonly Column[]) => {
    const list = columns.map((column) => (column === rowid ? column.name : quoteName(column.name)));
    return `INSERT INTO ${quoteName(names.old)} (${list.join(",")}) SELECT ${columns.map(({ sql }) => sql).join(",")} ${where};`;
  };
  const last = kept.at(-1);
  if (rowid === null || last === undefined || !isWide(table)) return insert(rowid === null ? kept : [rowid, ...kept]);
  // the rowid and 100 columns are more than a SELECT may give: the last one goes by a table that is empty otherwise
  const [old, more] = [quoteName(names.old), quoteName(names.more)];
  return [
    `INSERT INTO ${more} (k, v) SELECT ${rowid.sql}, ${last.sql} ${where};`,
    insert([rowid, ...kept.slice(0, -1)]),
    `UPDATE ${old} SET ${quoteName(last.name)}=(SELECT v FROM ${more} WHERE k=${old}.${rowid.name}) WHERE ${rowid.name} IN (SELECT k FROM ${more});`,
    `DELETE FROM ${more};`,
  ].join(" ");
}

/** A table, to be read from its copy: rows that had no key of their own have the rowids that they were copied with. */
export function copied(table: SourceTable, copy: string): SourceTable {
  const { key } = table;
  const isNamed = key.kind === "rowid" || key.kind === "columns";
  return { ...table, name: copy, key: isNamed ? key : { kind: "rowid", sql: rowidSql("rowid") } };
}

/** True for a table whose rows need a table of their own on their way (`copyOf`). */
export function isWide({ rowid, kept }: Pick<SourceTable, "rowid" | "kept">): boolean {
  return rowid !== null && kept.length >= maxColumns;
}

/** What that table is. */
export function moreOf({ more }: UndoNames): string {
  return `CREATE TABLE ${quoteName(more)} (k INTEGER PRIMARY KEY, v)`;
}

/** True for a row whose key is in neither table of a log. */
export function isUnknown({ key }: SourceTable, { old, added }: UndoNames, row: string): string {
  return `NOT ${isIn(key, old, row)} AND NOT ${isIn(key, added, row)}`;
}
