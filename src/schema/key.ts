/** The key of a table: in which order its rows are read, and how to go on behind a row. */
import { allOf, quoteName } from "../../formats/kit/expression.ts";

/** A key value with its storage class, exact in JSON: INTEGER as digits, REAL as text, TEXT and BLOB as hex. */
export type KeyCell = readonly ["i" | "r" | "t" | "b", string];

/** One column of a key. */
export interface KeyColumn {
  /** Qualified, as `columnSql` writes it. */
  readonly sql: string;
  /** The key's own collation, where it may be another than the column's; null where it cannot. */
  readonly collation: string | null;
  readonly descending: boolean;
}

/**
 * `rowid`: one INTEGER. `columns`: the primary key of a WITHOUT ROWID table. `repeated`: the rowid of a full-text table that shows rows of
 * another one, of which several may have the same. `none`: no way to name a row.
 */
export type Key =
  | { readonly kind: "rowid"; readonly sql: string }
  | { readonly kind: "columns"; readonly columns: readonly KeyColumn[] }
  | { readonly kind: "repeated"; readonly sql: string }
  | { readonly kind: "none" };

/** A condition with the values of its parameters. */
export interface SqlFragment {
  readonly sql: string;
  readonly values: readonly (string | number | ArrayBuffer)[];
}

/** The name that the table has in a page's query. */
export const alias = "_t";

/**
 * A column in a page's query. Qualified, as a bare name would mean a result column of that name first in ORDER BY, and a quoted
 * name that no column has would quietly be a string (https://sqlite.org/quirks.html#dblquote).
 */
export function columnSql(name: string): string {
  return `${alias}.${quoteName(name)}`;
}

/** The rowid in a page's query, by the one of its three names that no column takes. */
export function rowidSql(name: string): string {
  return `${alias}.${name}`;
}

/** What is read of each row to know its key. */
export function keyExpressions(key: Key): readonly string[] {
  if (key.kind === "columns") return key.columns.map((column) => column.sql);
  return key.kind === "none" ? [] : [key.sql];
}

/** ORDER BY terms of a key. */
export function orderOf(key: Key): string {
  switch (key.kind) {
    case "rowid":
    case "repeated":
      return key.sql;
    case "columns":
      return key.columns.map((column) => `${comparable(column)}${directionOf(column)}`).join(",");
    case "none":
      return "";
  }
}

/** A column as its key compares it. */
export function comparable({ sql, collation }: KeyColumn): string {
  return collation === null ? sql : `${sql} COLLATE ${quoteName(collation)}`;
}

/** What follows a column in ORDER BY. */
export function directionOf({ descending }: KeyColumn): string {
  return descending ? " DESC" : "";
}

/** The columns of a key of which no two rows hold the same; the rowid is one. */
export function keyColumns(key: Key): readonly KeyColumn[] {
  if (key.kind === "columns") return key.columns;
  return key.kind === "rowid" ? [{ sql: key.sql, descending: false, collation: null }] : [];
}

/**
 * Keys whose columns do not all run the same way, or have collations of their own, are read level by level: SQLite cannot compare them
 * as one row value, or does not use the index for it.
 */
export function isMixed(key: Key): boolean {
  return (
    key.kind === "columns" &&
    key.columns.length > 1 &&
    (new Set(key.columns.map((column) => column.descending)).size > 1 ||
      key.columns.some(({ collation }) => collation !== null))
  );
}

/** The rows behind a key, or from it on where it may repeat; with `fixed` leading columns equal to it, and the next one beyond it, for mixed keys. */
export function after(key: Key, at: readonly KeyCell[], fixed: number): SqlFragment {
  const columns = keyColumns(key);
  const values: SqlFragment["values"][number][] = [];
  const bind = (cell: KeyCell) => {
    const { sql, value } = parameter(cell);
    values.push(value);
    return sql.replace("?", `?${values.length}`); // numbered: a query may have the condition twice
  };
  if (isMixed(key)) {
    const terms = columns.slice(0, fixed + 1).map((column, index) => {
      const operator = index < fixed ? "=" : column.descending ? "<" : ">";
      return `${comparable(column)}${operator}${bind(cellAt(at, index))}`;
    });
    return { sql: allOf(terms) ?? "1", values };
  }
  if (key.kind === "repeated") return { sql: `${key.sql}>=${at.map(bind).join(",")}`, values };
  const left = columns.map(comparable).join(",");
  const right = at.map(bind).join(",");
  return { sql: `(${left})${columns[0]?.descending ? "<" : ">"}(${right})`, values };
}

/** The one row that has a key. */
export function exactly(key: Key, at: readonly KeyCell[]): SqlFragment {
  const values: SqlFragment["values"][number][] = [];
  const terms = keyColumns(key).map((column, index) => {
    const { sql, value } = parameter(cellAt(at, index));
    values.push(value);
    return `${comparable(column)}=${sql.replace("?", `?${values.length}`)}`;
  });
  return { sql: allOf(terms) ?? "0", values };
}

function cellAt(at: readonly KeyCell[], index: number): KeyCell {
  const cell = at[index];
  if (cell === undefined)
    throw new RangeError(`Cannot go on behind a key of ${at.length} values: value ${index + 1} is missing`);
  return cell;
}

/** A parameter with the storage class of its value. The plus takes away CAST's affinity, which would reach the column. */
function parameter([kind, text]: KeyCell): { sql: string; value: SqlFragment["values"][number] } {
  switch (kind) {
    case "i":
      return { sql: "+CAST(? AS INTEGER)", value: text }; // exact: a JavaScript number would be bound as REAL
    case "r":
      return { sql: "?", value: Number(text) };
    case "t":
      return { sql: "+CAST(? AS TEXT)", value: bytesOf(text) };
    case "b":
      return { sql: "?", value: bytesOf(text) };
  }
}

function bytesOf(hex: string): ArrayBuffer {
  return Uint8Array.fromHex(hex).buffer;
}
