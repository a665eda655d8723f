/**
 * CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field; TEXT, BLOBs (base64) and names are quoted, whatever they hold, and
 * numbers are not. So nothing that a reader takes for a marker (`NULL`, `\N`, `\.`), a separator or a sign of its own stands bare, and what
 * it guesses from the first rows holds for all: docs/readers.md.
 */
import { hexBytes, utf8 } from "../kit/bytes.ts";
import { doubleQuotes, doubleQuoteBytes } from "../kit/doubled-quotes.ts";
import { guarded, guardedBytes, guardedPage } from "./formula-guard.ts";
import { longestNull, toLines, type Notation } from "./page.ts";
import type {
  Cell,
  FormatOptions,
  Column,
  FormatOptionSpecs,
  FreeTextOption,
  Chunks,
  RowEncoder,
  Table,
  TableFormat,
} from "../format.ts";
import { infinity, isBeyond, holdsReals, jsonArray, plainColumns } from "../kit/json-rows.ts";
import { byteChunks, joinText, textChunks } from "../kit/large-values.ts";
import { includesAscii, isInvalidOrInfinite, isInvalidText, isUtf8 } from "../kit/utf8.ts";
import { lostIndex } from "../kit/virtual-table.ts";

/** All text is in quotes, so a marker is no text; it must be no number, no formula, and not PostgreSQL's end of the data (`\.`) either. */
const nulls: FreeTextOption = {
  doc: "What a NULL is written as. It stands without quotes, so no text can be taken for it.",
  allowed: `nothing, or up to ${longestNull} of A-Z a-z 0-9 _ / \\ # . < > ( ) ? * that are no number, such as \\N, NULL, NA`,
  default: "",
  example: "NULL",
  isAllowed: (text) =>
    text.length <= longestNull &&
    /^(?:[A-Za-z_/\\#.<>()?*][\w/\\#.<>()?*]*)?$/.test(text) &&
    !/^(?:\.\d.*|inf|infinity|nan|\\\.)$/i.test(text),
};

/** The options of CSV, each with what a reader of the file sees of it. */
const csvOptions = {
  nulls,
  blobs: {
    doc: "How a BLOB is written. It is always in quotes.",
    values: {
      base64: "base64 (RFC 4648, with padding)",
      hex: "two upper-case hex digits for each byte: `00FF`",
      postgres: "hex as PostgreSQL's `bytea` reads it: `\\x00FF`",
      duckdb: "escapes as DuckDB's `BLOB` reads them: `\\x00\\xFF`",
    },
    default: "base64",
  },
  infinity: {
    doc: "How an infinite REAL is written.",
    values: {
      string: "`Infinity` and `-Infinity`, without quotes",
      number: "`9e999` and `-9e999`, which SQLite, JavaScript and others read as infinite",
      null: "like a NULL; the warnings count them",
    },
    default: "string",
  },
  int64: {
    doc: "How large integers are written.",
    values: {
      number: "without quotes, with all their digits",
      string: "in quotes if they have more than 15 digits, which a spreadsheet would round",
    },
    default: "number",
  },
  bom: {
    doc: "Whether the file begins with a byte order mark, by which Excel knows UTF-8.",
    values: { 0: "no", 1: "yes" },
    default: "0",
  },
  formulas: {
    doc: "What becomes of text that a spreadsheet would run as a formula. See [formats.md](formats.md).",
    values: {
      keep: "it is written as it is",
      guard: "`'` is put in front of what would be run; numbers and BLOBs in hex stay as they are",
    },
    default: "keep",
  },
} as const satisfies FormatOptionSpecs;

/** One table as CSV. */
export const csv = {
  name: "csv",
  extension: ".csv",
  mediaType: "text/csv; charset=utf-8; header=present", // RFC 7111
  options: csvOptions,
  scope: "table",
  warnings: lostIndex,
  *segments(table: Table, options: FormatOptions) {
    const columns = table.columns;
    const header = columns.map((column) => joinText(textField(column.name, options))).join(",");
    const bom = options["bom"] === "1" ? "\uFEFF" : "";
    yield { kind: "text", text: `${bom}${header}\n` };
    yield { kind: "rows", table, columns, rows: () => encoder(table, columns, options) };
  },
} as const satisfies TableFormat;

/** The largest integer of 15 digits: spreadsheets keep no more of a number (Microsoft, "Excel specifications and limits": number precision). */
const fifteenDigits = 999_999_999_999_999n;

function encoder(table: Table, columns: readonly Column[], options: FormatOptions): RowEncoder {
  const plain = plainColumns(table, columns);
  const isGuarded = options["formulas"] === "guard";
  const losesInfinity = options["infinity"] === "null";
  const marker = utf8(options["nulls"] ?? "");
  const notation: Notation = {
    reals: isGuarded ? [] : plain.map(holdsReals),
    blob: (digits) => joinText(blobField(Uint8Array.fromHex(digits), options)),
    nulls: marker,
    infinity: utf8(infinite(Infinity, options)),
    isRoomy: marker.length > "null".length || options["blobs"] === "duckdb",
  };
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fastPath: {
      // what is text there, is guarded
      ...jsonArray(plain, isGuarded ? "numbers" : "text", options["int64"] === "string" ? fifteenDigits : null),
      transformPage(page) {
        if (!isUtf8(page)) return null;
        if (losesInfinity && includesAscii(page, infinity, infinity.indexOf("+"))) return null; // to be counted
        return toLines(isGuarded ? guardedPage(page) : page, notation);
      },
    },
    encode: (cells) => cells.flatMap((cell, at) => [at === 0 ? "" : ",", field(cell, options)]),
    lossy: losesInfinity
      ? {
          what: `${invalid}; or they are infinite, and are written as NULL`,
          count: (cells) => cells.filter(isInvalidOrInfinite).length,
        }
      : { what: invalid, count: (cells) => cells.filter(isInvalidText).length },
  };
}

const invalid = "values hold bytes that are no UTF-8; they are written as they are, and the file is not UTF-8 there";

/** A piece of a text as it is, or so that no spreadsheet takes it for a formula. */
function piecesWith({ formulas }: FormatOptions): (piece: string, before: string) => string {
  return formulas === "guard" ? guarded : (piece) => piece;
}

function field(cell: Cell, options: FormatOptions): Chunks {
  if (cell === null) return options["nulls"] ?? "";
  if (typeof cell === "bigint")
    return options["int64"] === "string" && isBeyond(fifteenDigits, cell) ? `"${cell}"` : cell.toString();
  if (typeof cell === "string") return textField(cell, options);
  if (cell instanceof Uint8Array) return blobField(cell, options);
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : infinite(cell.real, options);
  return invalidField(cell.invalidUtf8, options);
}

function infinite(real: number, options: FormatOptions): string {
  if (options["infinity"] === "null") return options["nulls"] ?? "";
  if (options["infinity"] !== "number") return String(real);
  return real > 0 ? "9e999" : "-9e999";
}

function blobField(bytes: Uint8Array, { blobs, formulas }: FormatOptions): Chunks {
  switch (blobs) {
    case "hex":
      return ['"', byteChunks(bytes, hexBytes), '"'];
    case "postgres": // https://www.postgresql.org/docs/current/datatype-binary.html, "bytea Hex Format"
      return ['"\\x', byteChunks(bytes, hexBytes), '"'];
    case "duckdb": // https://duckdb.org/docs/stable/sql/data_types/blob
      return ['"', byteChunks(bytes, escapedBytes), '"'];
    default: {
      // the 62 of base64 is `+`; there is nothing else in it that begins a formula, and nothing that ends a field
      const isSuspect = formulas === "guard" && (bytes[0] ?? 0) >> 2 === 62;
      return [isSuspect ? "\"'" : '"', byteChunks(bytes, (piece) => piece.toBase64()), '"'];
    }
  }
}

/** Each byte as `\x00`, as bytes: `replaceAll()` would make thousands of small strings of it, which stay in memory (formats/kit/doubled-quotes.ts). */
function escapedBytes(bytes: Uint8Array): Uint8Array {
  const digits = hexBytes(bytes);
  const all = new Uint8Array(bytes.length * 4);
  for (let at = 0; at < bytes.length; at++) {
    const to = at * 4;
    all[to] = 0x5c;
    all[to + 1] = 0x78;
    all[to + 2] = digits[at * 2] ?? 0;
    all[to + 3] = digits[at * 2 + 1] ?? 0;
  }
  return all;
}

function textField(text: string, options: FormatOptions): Chunks {
  const written = piecesWith(options);
  return ['"', textChunks(text, (piece, before) => doubleQuotes(written(piece, before), '"')), '"'];
}

/** Bytes that are no UTF-8 stay as they are. */
function invalidField(stored: Uint8Array, { formulas }: FormatOptions): Chunks {
  return [
    '"',
    byteChunks(formulas === "guard" ? guardedBytes(stored) : stored, (piece) => doubleQuoteBytes(piece, '"')),
    '"',
  ];
}
