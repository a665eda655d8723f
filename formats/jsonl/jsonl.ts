/** JSON Lines: one object a row, keys in column order. INTEGER bare and exact, BLOB as `{"$base64":true,"encoded":"…"}`. */
import { concat, quoteText } from "../kit/expression.ts";
import type { Cell, FormatOptions, Column, Chunks, RowEncoder, Table, TableFormat } from "../format.ts";
import { blobForm, withBlobs } from "./page.ts";
import {
  beyond,
  fallbackCondition,
  infinity,
  isBeyond,
  jsonSeparator,
  jsonValue,
  mayHoldBlobs,
  plainColumns,
} from "../kit/json-rows.ts";
import { byteChunks, textChunks } from "../kit/large-values.ts";
import { includesAscii, isInvalidOrInfinite, isInvalidText, isUtf8 } from "../kit/utf8.ts";
import { lostIndex } from "../kit/virtual-table.ts";

/** One table as JSON Lines (https://jsonlines.org). */
export const jsonl = {
  name: "jsonl",
  extension: ".jsonl",
  mediaType: "application/x-ndjson",
  options: {
    int64: {
      doc: "How large integers are written.",
      values: {
        number: "as JSON numbers, with all their digits",
        string: "as strings if they are beyond 2^53, which JavaScript and others would round",
      },
      default: "number",
    },
    infinity: {
      doc: "How an infinite REAL is written, for which JSON has no word.",
      values: {
        number: "`9e999` and `-9e999`, which most parsers read as infinite",
        string: '`"Infinity"` and `"-Infinity"`',
        null: "`null`; the warnings count them",
      },
      default: "number",
    },
    blobs: {
      doc: "How a BLOB is written.",
      values: {
        object: '`{"$base64":true,"encoded":"AP8="}`, which no text can be taken for',
        base64: 'a string in base64 (RFC 4648, with padding): `"AP8="`',
        hex: 'a string of two upper-case hex digits for each byte: `"00FF"`',
      },
      default: "object",
    },
  },
  scope: "table",
  warnings: lostIndex,
  *segments(table: Table, options: FormatOptions) {
    yield { kind: "rows", table, columns: table.columns, rows: () => encoder(table, options) };
  },
} as const satisfies TableFormat;

/** `json_object()` takes two arguments a column, and a function at most 127 (workerd util/sqlite.c++:1384). */
const maxObjectColumns = 63;

function encoder(table: Table, options: FormatOptions): RowEncoder {
  const columns = plainColumns(table, table.columns);
  const keys = columns.map((column) => JSON.stringify(column.name));
  const values = options["int64"] === "string" ? columns.map(quotingLarge) : columns;
  const blob = blobForm(options);
  const fallbackWhen = fallbackCondition(columns, () => false);
  const hasBlobs = columns.some(mayHoldBlobs);
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fastPath: {
      row: rowExpression(values),
      ...(fallbackWhen !== undefined && { fallbackWhen }),
      separator: jsonSeparator,
      values: values.map(({ sql }) => sql),
      // SQLite writes infinity as 9.0e+999, and hands on bytes that are no UTF-8.
      transformPage(page) {
        if (includesAscii(page, infinity, infinity.indexOf("+")) || !isUtf8(page)) return null;
        return hasBlobs ? withBlobs(page, blob) : page;
      },
    },
    encode: (cells) => [
      "{",
      ...cells.flatMap((cell, at) => [`${at === 0 ? "" : ","}${keys[at]}:`, value(cell, options)]),
      "}",
    ],
    lossy:
      options["infinity"] === "null"
        ? {
            what: `${invalid}, or are infinite, and are null`,
            count: (cells) => cells.filter(isInvalidOrInfinite).length,
          }
        : { what: invalid, count: (cells) => cells.filter(isInvalidText).length },
  };
}

const invalid = "values hold bytes that are no UTF-8, which JSON cannot; each of them is written as U+FFFD";

/** The largest integer up to which a double holds each: 2^53. */
const exactDouble = 9007199254740992n;

/** The same column, with INTEGERs that a double cannot hold as text. */
function quotingLarge(column: Column): Column {
  return { ...column, sql: beyond(exactDouble, column, `CAST(${column.sql} AS TEXT)`) };
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

function value(cell: Cell, options: FormatOptions): Chunks {
  if (cell === null) return "null";
  if (typeof cell === "bigint")
    return options["int64"] === "string" && isBeyond(exactDouble, cell) ? `"${cell}"` : cell.toString();
  if (typeof cell === "string") return text(cell);
  if (cell instanceof Uint8Array) {
    const { open, digits, close } = blobForm(options);
    return [open, byteChunks(cell, digits), close];
  }
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : infinite(cell.real, options);
  return text(replacing.decode(cell.invalidUtf8));
}

function infinite(real: number, options: FormatOptions): string {
  if (options["infinity"] === "null") return "null";
  if (options["infinity"] === "string") return `"${real}"`;
  return real > 0 ? "9e999" : "-9e999";
}

function text(content: string): Chunks {
  return ['"', textChunks(content, (piece) => JSON.stringify(piece).slice(1, -1)), '"'];
}
