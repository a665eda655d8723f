/** CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field, '' is `""`. BLOBs are base64. */
import { hexBytes } from "./bytes.ts";
import { guarded, guardedBytes, guardedPage } from "./csv-guard.ts";
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
  const plain = plainColumns(table, columns);
  const isGuarded = chosen["formulas"] === "guard";
  const blob = (digits: string) => joined(blobField(Uint8Array.fromHex(digits), chosen));
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: {
      ...jsonArray(plain, isGuarded ? "numbers" : "text"), // what is text there, is guarded
      finish: (page) => (isUtf8(page) ? toLines(isGuarded ? guardedPage(page) : page, blob) : null),
    },
    encode: (cells) => cells.flatMap((cell, at) => [at === 0 ? "" : ",", field(cell, chosen)]),
    noted: {
      what: "values hold bytes that are no UTF-8; they are written as they are, and the file is not UTF-8 there",
      count: (cells) => cells.filter(isInvalidText).length,
    },
  };
}

/** A piece of a text as it is, or so that no spreadsheet takes it for a formula. */
function piecesWith({ formulas }: Chosen): (piece: string, before: string) => string {
  return formulas === "guard" ? guarded : (piece) => piece;
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
  // the 62 of base64 is `+`; there is nothing else in it that begins a formula, and nothing that ends a field
  const isSuspect = chosen["formulas"] === "guard" && (bytes[0] ?? 0) >> 2 === 62;
  return [isSuspect ? "'" : "", bytePieces(bytes, (piece) => piece.toBase64())];
}

function textField(text: string, chosen: Chosen): Pieces {
  const written = piecesWith(chosen);
  if (text !== "" && !/[",\n\r]/.test(text)) return textPieces(text, written);
  return ['"', textPieces(text, (piece, before) => written(piece, before).replaceAll('"', '""')), '"'];
}

/** What makes a field quoted, in bytes. */
const quoted = new Set(Array.from('",\n\r', (sign) => sign.charCodeAt(0)));

/** Bytes that are no UTF-8 stay as they are: quoted by the same rule, byte by byte. */
function invalidField(stored: Uint8Array, { formulas }: Chosen): Pieces {
  const bytes = formulas === "guard" ? guardedBytes(stored) : stored;
  const isQuoted = bytes.some((byte) => quoted.has(byte));
  const same = (piece: Uint8Array) => piece;
  const quote = isQuoted ? '"' : "";
  return [quote, bytePieces(bytes, isQuoted ? doubledQuotes : same), quote];
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
