/**
 * Rows as JSON arrays, on their way from SQLite to a format. One call of `json_array()` renders all values of a row: two thirds of the
 * time of a call for each value, and it cuts no text at a NUL. A format then puts the few bytes that differ in their place.
 */
import { anyOf, isBlob, isNegativeZero } from "./expression.ts";
import type { Column, FastPath, Table } from "../format.ts";

/** Between two rows of a page; no JSON that SQLite makes holds one. */
export const jsonSeparator = "\n";

/** As SQLite writes it in JSON. */
export const infinity = "9.0e+999";

/** The bytes that JSON is made of; `n` begins `null`. To be taken apart where many bytes are compared: a member is looked up each time. */
export const json = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  open: 0x5b,
  backslash: 0x5c,
  close: 0x5d,
  e: 0x65,
  n: 0x6e,
} as const;

/** BLOBs beyond this many bytes take the slow path: as hex inside of JSON they are copied four times. */
const largeBlob = 4096;

/**
 * Bytes of a row's values beyond which one of them takes the slow path: as JSON a text may be six times as long. Its share is what all
 * columns have, or 16. `octet_length()` looks at the header of a row only.
 */
const largeRow = 1024 * 1024;

/** Bytes of one value among those of so many columns. */
function largeValue(columns: number): number {
  return Math.floor(largeRow / Math.max(columns, 16));
}

/**
 * A row as a JSON array. A BLOB, which JSON does not have, is an array of one text: its hex digits. Where numbers and text need not be
 * told apart, a column of REALs may be given as text, which SQLite makes in half of the time. An INTEGER beyond `largest` is an array of
 * one number.
 */
export function jsonArray(
  columns: readonly Column[],
  realsAre: "numbers" | "text",
  largest: bigint | null = null,
): Pick<FastPath, "row" | "fallbackWhen" | "values" | "separator"> {
  const isText = (column: Column) => realsAre === "text" && holdsReals(column);
  const fallbackWhen = fallbackCondition(columns, isText);
  const values = columns.map((column) => {
    if (isText(column)) return `CAST(${column.sql} AS TEXT)`;
    return largest === null ? column.sql : beyond(largest, column, `json_array(${column.sql})`);
  });
  const written = columns.map((column, at) =>
    isText(column) || !mayHoldBlobs(column) ? values[at] : jsonValue(column.sql, values[at]),
  );
  return {
    row: `json_array(${written.join(",")})`,
    ...(fallbackWhen !== undefined && { fallbackWhen }),
    separator: jsonSeparator,
    values,
  };
}

/** Holds REALs, but for what is no number at all. */
export function holdsReals({ affinity, storageClass = "REAL" }: Column): boolean {
  return affinity === "REAL" && storageClass === "REAL";
}

/** True for infinities, TEXT and BLOBs: https://sqlite.org/datatype3.html#comparisons */
function isNotFiniteReal({ sql }: Column): string {
  return `${sql} NOT BETWEEN -1.79e308 AND 1.79e308`;
}

/** A value of any class: json_array() takes some BLOBs for its own binary JSON, and refuses all others. */
export function jsonValue(sql: string, otherwise = sql): string {
  return `CASE WHEN ${sql}>=x'' THEN json_array(hex(${sql})) ELSE ${otherwise} END`;
}

/** A column's values, but for INTEGERs that are larger than that on either side of 0: those are `instead`. */
export function beyond(largest: bigint, { sql, storageClass }: Column, instead: string): string {
  if (storageClass !== undefined && storageClass !== "INTEGER") return sql;
  return `CASE WHEN typeof(${sql})='integer' AND ${sql} NOT BETWEEN -${largest} AND ${largest} THEN ${instead} ELSE ${sql} END`;
}

/** The same for one of them. */
export function isBeyond(largest: bigint, integer: bigint): boolean {
  return integer > largest || integer < -largest;
}

/** True for a row with a value that JSON does not hold as it is, or that is large; `isReal` tells which columns are given as REALs that are text. */
export function fallbackCondition(columns: readonly Column[], isReal: (column: Column) => boolean): string | undefined {
  const most = largeValue(columns.length);
  return anyOf(
    columns.flatMap((column) => (isReal(column) ? isNotFiniteReal(column) : valueFallbackConditions(column, most))),
  );
}

function valueFallbackConditions(column: Column, most: number): readonly string[] {
  const { sql, affinity, storageClass } = column;
  const size = `octet_length(${sql})`;
  if (storageClass === "INTEGER" || storageClass === "REAL") return [];
  if (storageClass === "TEXT") return [`${size}>${most}`];
  if (storageClass === "BLOB") return [`${size}>${largeBlob}`];
  const zero = isNegativeZero(column) ?? [];
  if (mayHoldBlobs(column))
    return [`(${sql}>='' AND ${size}>${largeBlob} AND (${sql}>=x'' OR ${size}>${most}))`, zero].flat();
  const isOdd = `(${isBlob(column)} OR ${size}>${most})`;
  return affinity === "TEXT" ? [isOdd] : [`(${sql}>='' AND ${isOdd})`];
}

/** Declared for them, or for anything; elsewhere a BLOB is an exception. */
export function mayHoldBlobs({ affinity, storageClass }: Column): boolean {
  return storageClass === undefined ? affinity === "BLOB" : storageClass === "BLOB";
}

/** The columns, with generated ones as plain text: they may hand on that theirs came out of a JSON function, and would be nested as JSON. */
export function plainColumns({ insertableColumns }: Table, columns: readonly Column[]): readonly Column[] {
  return columns.map((column) => {
    const { name, sql } = column;
    if (insertableColumns.some((one) => one.name === name)) return column;
    return { ...column, sql: `CASE typeof(${sql}) WHEN 'text' THEN concat(${sql}) ELSE ${sql} END` };
  });
}

/** So few bytes are copied one by one. */
const smallCopyBytes = 32;

/** Puts a few bytes at a place; gives the one behind them. */
export function put(bytes: Uint8Array, into: Uint8Array, at: number): number {
  let to = at;
  for (let read = 0; read < bytes.length; read++) into[to++] = bytes[read] ?? 0;
  return to;
}

/** Copies bytes to another place, which may be in the same page, in front of them. */
export function copy(from: Uint8Array, start: number, stop: number, into: Uint8Array, at: number): void {
  if (from === into && start === at) return;
  if (stop - start > smallCopyBytes) into.set(from.subarray(start, stop), at);
  else {
    const shift = at - start;
    for (let read = start; read < stop; read++) into[read + shift] = from[read] ?? 0;
  }
}

/** A page, to be read and written by more than a byte. */
export function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** One byte four times, as `copyText` looks for it. */
export function fourOf(byte: number): number {
  return byte * onesPattern;
}

const onesPattern = 0x01010101;
const topBits = 0x80808080 | 0;
const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;

/**
 * Copies a text up to its closing quote, to a backslash, or to a third sign, four bytes at a time: a third of the time of one by one.
 * Gives where that is. Both may be the same page, if the other place is not behind the first.
 */
export function copyText(from: DataView, start: number, into: DataView, to: number, third: number): number {
  const whole = from.byteLength - 3;
  const shift = to - start;
  let at = start;
  for (; at < whole; at += 4) {
    const four = from.getInt32(at, true);
    const quote = four ^ quotes;
    const backslash = four ^ backslashes;
    const other = four ^ third;
    // https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord: the lowest bit that is set is right
    const found =
      (((quote - onesPattern) & ~quote) | ((backslash - onesPattern) & ~backslash) | ((other - onesPattern) & ~other)) &
      topBits;
    if (found !== 0) break;
    into.setInt32(at + shift, four, true);
  }
  for (; ; at++) {
    const byte = from.getUint8(at);
    if (byte === json.quote || byte === json.backslash || byte === (third & 0xff)) return at;
    into.setUint8(at + shift, byte);
  }
}

/** The byte that an escape stands for (SQLite escapes nothing but ASCII) and the length of it behind its backslash. */
export function unescaped(page: Uint8Array, at: number): { readonly byte: number; readonly length: number } {
  const kind = page[at] ?? 0;
  if (kind !== unicode) return { byte: escapes[kind] ?? kind, length: 1 };
  return { byte: (digit(page[at + 3] ?? 0) << 4) | digit(page[at + 4] ?? 0), length: 5 };
}

/** The value of a hex digit. */
function digit(sign: number): number {
  return sign < 0x3a ? sign & 0xf : (sign & 0xf) + 9;
}

const unicode = 0x75;
const escapes = Uint8Array.from({ length: 256 }, (_, kind) => kind);
for (const [kind, meant] of ["b\b", "f\f", "n\n", "r\r", "t\t"])
  escapes[kind?.charCodeAt(0) ?? 0] = meant?.charCodeAt(0) ?? 0;
