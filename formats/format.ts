/** What a format is: a value, `export const csv = {…} satisfies TableFormat`. This file, and what it exports again, is all that a format may know. */
import type { FormatOptions, FormatOptionSpecs } from "./option-specs.ts";
import type { CellEncoder, ColumnEncoder, Encoded, FormatState } from "./page-encoder.ts";
import type { RowEncoder } from "./row-encoder.ts";
import type { Column, Schema, SqliteRequirement, Table } from "./schema.ts";
import type { TextOrBytes } from "./values.ts";

export type * from "./option-specs.ts";
export type * from "./page-encoder.ts";
export type * from "./row-encoder.ts";
export type * from "./schema.ts";
export type * from "./values.ts";

/** Counts known once everything in front of a piece of text has been written. */
export interface RowTotals {
  /** Rows of the tables that a user made; not what SQLite and its virtual tables keep for themselves. */
  readonly rows: number;
  /** All rows in front of the text. */
  readonly allRows: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** One line for each table with values that the format noted. */
  readonly warnings: readonly string[];
}

/** What encodes the rows of a table: as rendered bytes, as cells, or as columns. */
export type TableEncoder<State extends FormatState = FormatState> =
  | RowEncoder<State>
  | CellEncoder<State>
  | ColumnEncoder<State>;

/** Text or bytes that do not depend on the format's state. */
export interface TextSegment {
  readonly kind: "text";
  readonly text: TextOrBytes | ((totals: RowTotals) => TextOrBytes);
}

/** What is known in front of a computed segment. */
export interface FileTotals extends RowTotals {
  /** Bytes of the file in front of the segment, before compression; of an archive's entry, of that entry. */
  readonly offset: number;
}

/** Bytes that depend on the format's state, or change it. The last one is where a format finishes the file. */
export interface ComputedSegment<State extends FormatState = FormatState> {
  readonly kind: "computed";
  compute(state: State, totals: FileTotals): Encoded<State>;
}

/** The rows of a table, page by page. */
export interface RowsSegment<State extends FormatState = FormatState> {
  readonly kind: "rows";
  readonly table: Table;
  /** Rows with implied rowids, or for all formats that do not keep them. A function, as thousands of encoders would fill the memory. */
  readonly rows: () => TableEncoder<State>;
  readonly columns: readonly Column[];
  /** Where rowids are kept: used for a page whose rowids do not go on by one from the page before. */
  readonly sparse?: { readonly rows: () => TableEncoder<State>; readonly columns: readonly Column[] };
}

/** One stretch of a file. */
export type Segment<State extends FormatState = FormatState> =
  | TextSegment
  | ComputedSegment<State>
  | RowsSegment<State>;

/** Which half of a dump is wanted. */
export type Content = "all" | "schema" | "data";

interface FormatBase<State extends FormatState> {
  /** The value of `format=`; lower-case letters and digits. */
  readonly name: string;
  /** To be changed whenever the same rows come out as other bytes: a job that is under way then begins again, instead of mixing both. 1. */
  readonly version?: number;
  /** The format's own options; absent where there is nothing to choose. */
  readonly options?: FormatOptionSpecs;
  /** The file's ending, with its dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** The state that each file begins with, and in an archive each entry. Absent where the format needs none: it is null then. */
  start?(): State;
}

/** One stream holds the whole database. */
export interface DatabaseFormat<State extends FormatState = FormatState> extends FormatBase<State> {
  readonly scope: "database";
  /**
   * One line for each thing that the format leaves out or changes; `schema.warnings` holds them when `segments` is called. Null where others may
   * come in between: what takes more than some milliseconds with thousands of tables gives one now and then.
   */
  warnings?(schema: Schema, options: FormatOptions, content: Content): Iterable<string | null>;
  /** Which SQLite its definitions need; null where that is none that is new. It yields where others may come in between, as `warnings` does. */
  requiredSqlite?(schema: Schema, content: Content): Generator<void, SqliteRequirement | null, void>;
  segments(schema: Schema, content: Content, options: FormatOptions): Iterable<Segment<State>>;
}

/** One stream holds one table; several tables make an archive with an entry each. */
export interface TableFormat<State extends FormatState = FormatState> extends FormatBase<State> {
  readonly scope: "table";
  /** One line for each thing of a table that the format leaves out. */
  warnings?(table: Table, options: FormatOptions): readonly string[];
  segments(table: Table, options: FormatOptions): Iterable<Segment<State>>;
}

/** A format: what `format=` names, and what `new Exporter(ctx, { formats })` takes. */
export type Format = DatabaseFormat | TableFormat;
