/** Rows as cells, each with its storage class and its exact value: what the careful path encodes. */
import { utf8 } from "../../formats/bytes.ts";
import { concat } from "../../formats/expression.ts";
import type { Cell, Column } from "../../formats/format.ts";
import { decodeUtf8 } from "../../formats/scan.ts";
import { statementBytes } from "../limits.ts";
import type { KeyCell } from "./cursor.ts";
import { keyExpressions, type Key } from "./key.ts";
import type { Window } from "./window.ts";

/** Reads the rows of a window: their keys, and their cells in the order of the columns. */
export function readCells(
  sql: SqlStorage,
  key: Key,
  columns: readonly Column[],
  window: Window,
): { readonly keys: readonly (readonly KeyCell[])[]; readonly rows: readonly (readonly Cell[])[] } {
  const keySql = keyExpressions(key);
  const expressions = [...keySql, ...columns.map((column) => column.sql)];
  const cells: Cell[][] = [];
  const classes: string[] = [];
  // All in one synchronous turn, so that the parts of a row belong together.
  for (const part of fitting(expressions, window)) {
    const query = window.select([kindsOf(part), ...part.map(exact)]);
    let row = 0;
    for (const [kinds, ...values] of sql.exec(query.sql, ...query.values).raw()) {
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
  };
}

/** Groups of expressions, each as large as one statement may be. */
function fitting(expressions: readonly string[], window: Window): readonly (readonly string[])[] {
  const bytes = (statementBytes - utf8(window.select([]).sql).length) / window.arms;
  const groups: string[][] = [];
  let [open, size]: [string[], number] = [[], 0];
  for (const one of expressions) {
    const needed = utf8(`${kindsOf([one])},${exact(one)}`).length;
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
