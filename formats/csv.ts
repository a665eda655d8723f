/**
 * CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field; TEXT, BLOBs (base64) and names are quoted, whatever they hold, and
 * numbers are not. So nothing that a reader takes for a marker (`NULL`, `\N`, `\.`), a separator or a sign of its own stands bare, and what
 * it guesses from the first rows holds for all: docs/readers.md.
 */
import { hexBytes } from "./bytes.ts";
import { guarded, guardedBytes, guardedPage } from "./csv-guard.ts";
import { toLines } from "./csv-page.ts";
import type { Cell, Chosen, Column, Pieces, RowEncoder, Table, TableFormat } from "./format.ts";
import { isOfReals, jsonArray, plainColumns } from "./json-rows.ts";
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
    const bom = chosen["bom"] === "1" ? "\uFEFF" : "";
    yield { kind: "text", text: `${bom}${header}\n` };
    yield { kind: "rows", table, columns, rows: encoder(table, columns, chosen) };
  },
} as const satisfies TableFormat;

function encoder(table: Table, columns: readonly Column[], chosen: Chosen): RowEncoder {
  const plain = plainColumns(table, columns);
  const isGuarded = chosen["formulas"] === "guard";
  const reals = isGuarded ? [] : plain.map(isOfReals);
  const blob = (digits: string) => joined(blobField(Uint8Array.fromHex(digits), chosen));
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: {
      ...jsonArray(plain, isGuarded ? "numbers" : "text"), // what is text there, is guarded
      finish: (page) => (isUtf8(page) ? toLines(isGuarded ? guardedPage(page) : page, reals, blob) : null),
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
  if (chosen["blobs"] === "hex") return ['"', bytePieces(bytes, hexBytes), '"'];
  // the 62 of base64 is `+`; there is nothing else in it that begins a formula, and nothing that ends a field
  const isSuspect = chosen["formulas"] === "guard" && (bytes[0] ?? 0) >> 2 === 62;
  return [isSuspect ? "\"'" : '"', bytePieces(bytes, (piece) => piece.toBase64()), '"'];
}

function textField(text: string, chosen: Chosen): Pieces {
  const written = piecesWith(chosen);
  return ['"', textPieces(text, (piece, before) => written(piece, before).replaceAll(/"/g, '""')), '"'];
}

/** Bytes that are no UTF-8 stay as they are. */
function invalidField(stored: Uint8Array, { formulas }: Chosen): Pieces {
  return ['"', bytePieces(formulas === "guard" ? guardedBytes(stored) : stored, doubledQuotes), '"'];
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
