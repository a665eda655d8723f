/**
 * How a format renders rows. SQLite renders them, as one SQL expression a row (the fast path), or the encoder does in JavaScript, from cells (the slow
 * path: exact for every value, and the only one that a format must have). Both give the same bytes for the same row.
 */
import type { Encoded, FormatState, LossyValues, RenderedPage } from "./page-encoder.ts";
import type { Cell, Chunks } from "./values.ts";

/** Renders the rows of one table with one list of columns. */
export interface RowEncoder<State extends FormatState = FormatState> {
  /** Bytes in front of, between and behind the rows of one page. */
  readonly open: string;
  readonly separator: string;
  readonly close: string;
  /** The fast path; absent where a format, or a table in it, has none. */
  readonly fastPath?: FastPath;
  /** The slow path: one row from its cells, in the order of the columns, whole or in pieces. Any value must come out right, or throw. */
  encode(cells: readonly Cell[]): Chunks;
  /** Where a page may not be of any size: the most bytes it may have, `open` and `close` included. */
  readonly limit?: {
    readonly bytes: number;
    /** A row that is beyond it alone, in another way, complete with what stands in front of and behind it. */
    encodeOversized(cells: readonly Cell[]): Chunks;
  };
  /**
   * Values that a reader must be warned of, as they come out changed or break a rule of the format. Only rows that take the slow path are counted.
   * Absent where there are none.
   */
  readonly lossy?: LossyValues;
  /** Puts a rendered page into the file, where that depends on the format's state or changes it. Absent where the page is written as it is. */
  page?(state: State, page: RenderedPage): Encoded<State>;
}

/** How SQLite renders rows, without JavaScript seeing their values. */
export interface FastPath {
  /** SQL expression over the columns' `sql` that yields one row as TEXT: encoded, or in a form that `transformPage` encodes. */
  readonly row: string;
  /** SQL expression, true (not 0, not NULL) for a row that `row` would not render right; `row` is then not evaluated. */
  readonly fallbackWhen?: string;
  /** Between two rows of a page as SQLite renders it. */
  readonly separator: string;
  /**
   * Where `row` is a JSON array or object: the SQL expressions of its values, in order; a BLOB is an array of its hex digits. A key is then
   * read from the last row of a page, instead of being rendered for each. `separator` must be a line feed.
   */
  readonly values?: readonly string[];
  /**
   * Makes of a page as SQLite rendered it what stands between `open` and `close`, in its own bytes if it likes; null if any row may
   * need the slow path. Absent where it is that already.
   */
  transformPage?(page: Uint8Array): Uint8Array | null;
}
