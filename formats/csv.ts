/** CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field, '' is `""`. BLOBs are base64. */
import { hexBytes } from "./bytes.ts";
import { toLines } from "./csv-page.ts";
import type { Cell, Chosen, Column, Pieces, RowEncoder, Table, TableFormat } from "./format.ts";
import { jsonArray, plainColumns } from "./json-rows.ts";
import { bytePieces, joined, textPieces } from "./large.ts";
import { isInvalidText, isUtf8 } from "./scan.ts";
import { lostIndex } from "./virtual.ts";

/** One table as CSV. */
export const csv = {
  name: "csv",
  extension: ".csv",
  mediaType: "text/csv; charset=utf-8; header=present", // RFC 7111
  choices: { blobs: ["base64", "hex"], bom: ["0", "1"], formulas: ["keep", "guard"] },
  scope: "table",
  warnings: lostIndex,
  *segments(table: Table, chosen: Chosen) {
    const columns = table.visible;
    const header = columns.map((column) => joined(textField(column.name, chosen))).join(",");
    // a name that begins like a byte order mark would lose it at the beginning of a file
    const first = /^\uFEFF[^,]*/.exec(header)?.[0] ?? "";
    const bom = chosen["bom"] === "1" ? "\uFEFF" : "";
    yield { kind: "text", text: `${bom}${first === "" ? "" : `"${first}"`}${header.slice(first.length)}\n` };
    yield { kind: "rows", table, columns, rows: encoder(table, columns, chosen) };
  },
} as const satisfies TableFormat;

function encoder(table: Table, columns: readonly Column[], chosen: Chosen): RowEncoder {
  const guardedColumns = plainColumns(table, columns).map((column) => guardedColumn(column, chosen));
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: {
      ...jsonArray(guardedColumns, "text"),
      finish: (page) =>
        isUtf8(page) ? toLines(page, (digits) => joined(blobField(Uint8Array.fromHex(digits), chosen))) : null,
    },
    encode: (cells) => cells.flatMap((cell, at) => [at === 0 ? "" : ",", field(cell, chosen)]),
    noted: {
      what: "values hold bytes that are no UTF-8; they are written as they are, and the file is not UTF-8 there",
      count: (cells) => cells.filter(isInvalidText).length,
    },
  };
}

/** What makes a spreadsheet take a field for a formula (CWE-1236, https://owasp.org/www-community/attacks/CSV_Injection). */
const formulaSigns = "'=','+','-','@',char(9),char(13)";
const isFormula = /^[=+\-@\t\r]/;

/** A column with its text changed as `guarded` does. */
function guardedColumn(column: Column, { formulas }: Chosen): Column {
  const { sql, only = "TEXT" } = column;
  if (formulas !== "guard" || only !== "TEXT") return column;
  const isSuspect = `${sql}>='' AND ${sql}<x'' AND substr(${sql},1,1) IN (${formulaSigns})`;
  return { ...column, sql: `CASE WHEN ${isSuspect} THEN concat('''',${sql}) ELSE ${sql} END` };
}

/** What stands in front of a text so that no spreadsheet takes it for a formula, where that is wanted. */
function guard(text: string, { formulas }: Chosen): string {
  return formulas === "guard" && isFormula.test(text) ? "'" : "";
}

function field(cell: Cell, chosen: Chosen): Pieces {
  if (cell === null) return "";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "string") return textField(cell, chosen);
  if (cell instanceof Uint8Array) return blobField(cell, chosen);
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : String(cell.real);
  return invalidField(cell.invalidUtf8, chosen);
}

function blobField(bytes: Uint8Array, chosen: Chosen): Pieces {
  if (bytes.length === 0) return '""';
  if (chosen["blobs"] === "hex") return bytePieces(bytes, hexBytes);
  return [guard(bytes.subarray(0, 3).toBase64(), chosen), bytePieces(bytes, (piece) => piece.toBase64())];
}

function textField(text: string, chosen: Chosen): Pieces {
  const sign = guard(text, chosen);
  if (text !== "" && !/[",\n\r]/.test(text)) return [sign, textPieces(text, (piece) => piece)];
  return ['"', sign, textPieces(text, (piece) => piece.replaceAll('"', '""')), '"'];
}

/** What makes a field quoted, in bytes. */
const quoted = new Set(Array.from('",\n\r', (sign) => sign.charCodeAt(0)));

/** Bytes that are no UTF-8 stay as they are: quoted by the same rule, byte by byte. */
function invalidField(bytes: Uint8Array, chosen: Chosen): Pieces {
  const sign = guard(String.fromCharCode(bytes[0] ?? 0), chosen);
  const isQuoted = bytes.some((byte) => quoted.has(byte));
  const same = (piece: Uint8Array) => piece;
  const quote = isQuoted ? '"' : "";
  return [quote, sign, bytePieces(bytes, isQuoted ? doubledQuotes : same), quote];
}

function doubledQuotes(bytes: Uint8Array): Uint8Array {
  const quote = 0x22;
  const more = bytes.reduce((count, byte) => count + (byte === quote ? 1 : 0), 0);
  const all = new Uint8Array(bytes.length + more);
  let to = 0;
  for (const byte of bytes) {
    all[to++] = byte;
    if (byte === quote) all[to++] = quote;
  }
  return all;
}
