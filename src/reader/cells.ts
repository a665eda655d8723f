/** Rows as cells, each with its storage class and its exact value: what the slow path encodes. */
import { utf8 } from "../../formats/kit/bytes.ts";
import { concat } from "../../formats/kit/expression.ts";
import type { Cell, Column } from "../../formats/format.ts";
import { decodeUtf8 } from "../../formats/kit/utf8.ts";
import { statementBytes } from "../platform-limits.ts";
import { keyExpressions, type Key, type KeyCell } from "../schema/key.ts";
import type { PageQuery } from "./page-query.ts";

/** Rows with their keys, in the order of both. */
interface Cells {
  readonly keys: readonly (readonly KeyCell[])[];
  readonly rows: readonly (readonly Cell[])[];
  /** True if there is a row behind them that is larger than was wanted. */
  readonly isCut: boolean;
}

/** Columns, and characters of SQL for the size of a row, at most: each value asks for the size of the whole row. */
const maxGuarded = { columns: 16, sql: 4096 };

/** True where rows can be read up to one that is too large; elsewhere one at a time. */
export function isGuarded(columns: readonly Column[]): boolean {
  return columns.length <= maxGuarded.columns && sizeOfRow(columns).length <= maxGuarded.sql;
}

/** The bytes of a row's TEXT and BLOBs, from its header. */
function sizeOfRow(columns: readonly Column[]): string {
  return columns.map(({ sql }) => `CASE WHEN ${sql}>='' THEN octet_length(${sql}) ELSE 0 END`).join("+");
}

/**
 * Reads the rows of a window: their keys, and their cells in the order of the columns. With `most`, and `isGuarded`, up to the first row
 * whose values have more bytes; SQLite looks at their lengths alone, and reads nothing of that row.
 */
export function readCells(
  sql: SqlStorage,
  key: Key,
  columns: readonly Column[],
  window: PageQuery,
  most: number | null = null,
): Cells {
  const keySql = keyExpressions(key);
  const expressions = [...keySql, ...columns.map((column) => column.sql)];
  const isSmall = most === null ? null : `${sizeOfRow(columns)}<=${most}`;
  const guarded = (value: string) => (isSmall === null ? value : `CASE WHEN ${isSmall} THEN ${value} END`);
  const cells: Cell[][] = [];
  const classes: string[] = [];
  let isCut = false;
  // All in one synchronous turn, so that the parts of a row belong together.
  for (const part of fitting(expressions, window, guarded)) {
    const query = window.select([kindsOf(part), ...part.map(exact)].map(guarded));
    let row = 0;
    isCut = false; // it will be at the same row again
    for (const [kinds, ...values] of sql.exec(query.sql, ...query.values).raw()) {
      if (kinds === null) isCut = true;
      if (isCut) continue; // a cursor is read to its end, as SQLite locks a table as long as one is open
      const known = textOf(kinds);
      const list = values.map((value, at) => cellOf(known[at] ?? "n", value));
      cells[row] = [...(cells[row] ?? []), ...list];
      classes[row] = (classes[row] ?? "") + known;
      row++;
    }
  }
  return {
    keys: cells.map((row, at) => keySql.map((_, column) => keyCell(classes[at]?.[column] ?? "n", row[column] ?? null))),
    rows: cells.map((row) => row.slice(keySql.length)),
    isCut,
  };
}

/** Groups of expressions, each as large as one statement may be. */
function fitting(
  expressions: readonly string[],
  window: PageQuery,
  guarded: (value: string) => string,
): readonly (readonly string[])[] {
  const bytes = (statementBytes - utf8(window.select([guarded("")]).sql).length) / window.arms;
  const groups: string[][] = [];
  let [open, size]: [string[], number] = [[], 0];
  for (const one of expressions) {
    const needed = utf8(`${kindsOf([one])},${guarded(exact(one))}`).length;
    if (open.length > 0 && (open.length === window.most || size + needed > bytes)) {
      groups.push(open);
      [open, size] = [[], 0];
    }
    open.push(one);
    size += needed;
  }
  return [...groups, open];
}

/** The storage classes of some values, one letter each. */
function kindsOf(values: readonly string[]): string {
  return concat(values.map((value) => `substr(typeof(${value}),1,1)`));
}

/** workerd hands INTEGER out as a double and TEXT with U+FFFD for what is no UTF-8; these forms are exact. */
function exact(value: string): string {
  // quote() prints -0.0 as 0.0; atan2(-0.0, -1) is -π
  const real = `CASE WHEN ${value}=0 AND atan2(${value},-1)<0 THEN '-0.0' ELSE quote(${value}) END`;
  return `CASE typeof(${value}) WHEN 'integer' THEN CAST(${value} AS TEXT) WHEN 'text' THEN CAST(${value} AS BLOB) WHEN 'real' THEN ${real} ELSE ${value} END`;
}

function cellOf(kind: string, value: SqlStorageValue): Cell {
  switch (kind) {
    case "i":
      return BigInt(textOf(value));
    case "r":
      return { real: Number(value), text: textOf(value) };
    case "t": {
      const bytes = bytesOf(value);
      return decodeUtf8(bytes) ?? { invalidUtf8: bytes };
    }
    case "b":
      return bytesOf(value);
    default:
      return null;
  }
}

function textOf(value: SqlStorageValue | undefined): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read a value as text: it came as ${typeof value}`);
}

function bytesOf(value: SqlStorageValue): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`Cannot read a value as bytes: it came as ${typeof value}`);
}

function keyCell(kind: string, cell: Cell): KeyCell {
  if (typeof cell === "bigint") return ["i", cell.toString()];
  if (typeof cell === "string") return ["t", new TextEncoder().encode(cell).toHex()];
  if (cell instanceof Uint8Array) return ["b", cell.toHex()];
  if (cell !== null) return "real" in cell ? ["r", cell.text] : ["t", cell.invalidUtf8.toHex()];
  throw new TypeError(`Cannot use a key value of class "${kind}": a primary key without rowid has no NULLs`);
}
