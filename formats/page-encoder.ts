/**
 * Formats that carry a state through the file: a checksum, or an index for the end of it. `start()` of the format gives the first state, and each
 * function of the state gives bytes and the next state. A job keeps the state in its checkpoint, so it is plain JSON data.
 *
 * A function of the state must depend on nothing but its arguments, and must not change them: then the file is the same whether it is made in one go
 * or by a job that was killed many times.
 */
import type { Cell, Chunks } from "./values.ts";

/** Plain JSON data of at most 1 MiB as JSON; a few KB is usual, as each checkpoint of a job (one for each part of 5 MiB or more) writes it. */
export type FormatState =
  | null
  | boolean
  | number
  | string
  | readonly FormatState[]
  | { readonly [name: string]: FormatState };

/** What a function of the state gives. */
export interface Encoded<State extends FormatState = FormatState> {
  /** Written as they are asked for: a generator keeps large values out of memory. */
  readonly bytes: Chunks;
  /** The state for whatever comes next in the file. */
  readonly state: State;
}

/** Where a page stands. Pages never depend on how a job is cut into slices; a page has one row at least. */
export interface PagePlace {
  /** Bytes of the file in front of the page, before compression; of an archive's entry, of that entry. */
  readonly offset: number;
  /** Rows of the page. */
  readonly rows: number;
  /** Rows of the table in front of the page. */
  readonly rowsBefore: number;
}

/** Rows as `RowEncoder` rendered them, with `open` and `close`. */
export interface RenderedPage extends PagePlace {
  /** Can be iterated once: the bytes of a large row are made as they are asked for. */
  readonly bytes: Iterable<Uint8Array>;
}

/** Rows as values: one array for each row. */
export interface CellPage extends PagePlace {
  readonly cells: readonly (readonly Cell[])[];
}

/** Rows as values: one array for each column, in the order of the segment's columns. */
export interface ColumnPage extends PagePlace {
  readonly columns: readonly (readonly Cell[])[];
}

/** Values that the format writes with a loss: how many of a row, and what the warning says of them. */
export interface LossyValues {
  readonly what: string;
  count(cells: readonly Cell[]): number;
}

/** Takes the rows of a page as cells, row by row. */
export interface CellEncoder<State extends FormatState = FormatState> {
  readonly rowsAs: "cells";
  /** Encodes one page. Any value must come out right, or throw. */
  page(state: State, page: CellPage): Encoded<State>;
  /** Absent where there are none. */
  readonly lossy?: LossyValues;
}

/** Takes the rows of a page as columns. */
export interface ColumnEncoder<State extends FormatState = FormatState> {
  readonly rowsAs: "columns";
  /** Encodes one page. Any value must come out right, or throw. */
  page(state: State, page: ColumnPage): Encoded<State>;
  /** Absent where there are none. */
  readonly lossy?: LossyValues;
}
