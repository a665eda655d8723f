/** Values as a format gets them, and what it may make of them. */

/** TEXT whose bytes are not valid UTF-8, as they are stored; SQLite lets any bytes be TEXT. */
export interface InvalidText {
  readonly invalidUtf8: Uint8Array;
}

/**
 * REAL, and its text as SQLite writes it: exact to read back, with `.` or `e`; `9.0e+999` for infinity. Its 17th digit may
 * differ from what JavaScript would write, so a format that has a fast path uses the text.
 */
export interface Real {
  readonly real: number;
  readonly text: string;
}

/** One value: NULL, INTEGER (bigint), REAL, TEXT (string, or `InvalidText`), BLOB (bytes). */
export type Cell = null | bigint | Real | string | InvalidText | Uint8Array;

/** Text, or bytes that are in UTF-8, or as they must be. */
export type TextOrBytes = string | Uint8Array;

/** Pieces one behind the other. A generator makes those of a large value as they are asked for. */
export type Chunks = TextOrBytes | Iterable<Chunks>;
