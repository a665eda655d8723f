/** JSON Lines: one object a row, keys in column order. INTEGER bare and exact, BLOB as `{"$base64":true,"encoded":"…"}`. */
import { concat, quoteText } from "./expression.ts";
import type { Cell, Chosen, Column, Pieces, RowEncoder, Table, TableFormat } from "./format.ts";
import { blobEnd, blobStart, withBase64 } from "./jsonl-page.ts";
import { careOf, jsonSeparator, jsonValue, mayHoldBlobs, plainColumns } from "./json-rows.ts";
import { bytePieces, textPieces } from "./large.ts";
import { includesAscii, isInvalidText, isUtf8 } from "./scan.ts";
import { lostIndex } from "./virtual.ts";

/** One table as JSON Lines (https://jsonlines.org). */
export const jsonl = {
  name: "jsonl",
  extension: ".jsonl",
  mediaType: "application/x-ndjson",
  choices: { int64: ["number", "string"] },
  scope: "table",
  warnings: lostIndex,
  *segments(table: Table, { int64 }: Chosen) {
    yield { kind: "rows", table, columns: table.visible, rows: encoder(table, int64 === "string") };
  },
} as const satisfies TableFormat;

/** `json_object()` takes two arguments a column, and a function at most 127 (workerd util/sqlite.c++:1384). */
const maxObjectColumns = 63;

function encoder(table: Table, quotesLarge: boolean): RowEncoder {
  const columns = plainColumns(table, table.visible);
  const keys = columns.map((column) => JSON.stringify(column.name));
  const values = quotesLarge ? columns.map(quotingLarge) : columns;
  const care = careOf(columns, () => false);
  const hasBlobs = columns.some(mayHoldBlobs);
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: {
      row: rowExpression(values),
      ...(care !== undefined && { care }),
      separator: jsonSeparator,
      values: values.map(({ sql }) => sql),
      // SQLite writes infinity as 9.0e+999, and hands on bytes that are no UTF-8.
      finish(page) {
        if (includesAscii(page, infinity, infinity.indexOf("+")) || !isUtf8(page)) return null;
        return hasBlobs ? withBase64(page) : page;
      },
    },
    encode: (cells) => [
      "{",
      ...cells.flatMap((cell, at) => [`${at === 0 ? "" : ","}${keys[at]}:`, value(cell, quotesLarge)]),
      "}",
    ],
    noted: {
      what: "values hold bytes that are no UTF-8, which JSON cannot; each of them is written as U+FFFD",
      count: (cells) => cells.filter(isInvalidText).length,
    },
  };
}

/** As SQLite writes it. */
const infinity = "9.0e+999";

/** The largest integer up to which a double holds each: 2^53. */
const exactDouble = 9007199254740992n;

/** The same column, with INTEGERs that a double cannot hold as text. */
function quotingLarge(column: Column): Column {
  const { sql, only } = column;
  if (only !== undefined && only !== "INTEGER") return column;
  const isLarge = `typeof(${sql})='integer' AND ${sql} NOT BETWEEN -${exactDouble} AND ${exactDouble}`;
  return { ...column, sql: `CASE WHEN ${isLarge} THEN CAST(${sql} AS TEXT) ELSE ${sql} END` };
}

function rowExpression(columns: readonly Column[]): string {
  if (columns.length <= maxObjectColumns) {
    return `json_object(${columns.map((column) => `${quoteText(column.name)},${written(column)}`).join(",")})`;
  }
  const parts = columns.flatMap((column, at) => [
    quoteText(`${at === 0 ? "{" : ","}${JSON.stringify(column.name)}:`),
    `json_quote(${written(column)})`,
  ]);
  return concat([...parts, "'}'"]);
}

function written(column: Column): string {
  return mayHoldBlobs(column) ? jsonValue(column.sql) : column.sql;
}

const replacing = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

function value(cell: Cell, quotesLarge: boolean): Pieces {
  if (cell === null) return "null";
  if (typeof cell === "bigint") {
    const isLarge = cell > exactDouble || cell < -exactDouble;
    return isLarge && quotesLarge ? `"${cell}"` : cell.toString();
  }
  if (typeof cell === "string") return text(cell);
  if (cell instanceof Uint8Array) return [blobStart, bytePieces(cell, (piece) => piece.toBase64()), blobEnd];
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : cell.real > 0 ? "9e999" : "-9e999";
  return text(replacing.decode(cell.invalidUtf8));
}

function text(content: string): Pieces {
  return ['"', textPieces(content, (piece) => JSON.stringify(piece).slice(1, -1)), '"'];
}
