/** Which version of a table is read: the live rows, or the rows as they were at one moment. A snapshot answers; the reader only asks. */
import type { Column } from "../../formats/format.ts";
import type { SourceTable } from "../schema/source-table.ts";
import type { Cursor } from "./cursor.ts";
import type { Undo } from "./page-query.ts";
import type { Page } from "./rendered-page.ts";

/** What one page is read from. */
export interface TableVersion {
  /** The table itself, or a copy of it. */
  readonly table: SourceTable;
  /** The rows that have changed since; null if none has. */
  readonly undo: Undo | null;
  /** Rows that the page may have at most. */
  readonly maxRows: number;
}

/** Versions of all tables. Both methods are synchronous. */
export interface TableVersions {
  /** The version that the page after a cursor is read from. Asked immediately before each page: with every write there may be another one. */
  versionFor(table: SourceTable, columns: readonly Column[], cursor: Cursor): TableVersion;
  /** All rows of a segment, if they were rendered beforehand; null if they are to be read. `index` counts the segments that are rows. */
  renderedBefore(index: number): Page | null;
}

/** The rows as they are now. */
export const liveRows: TableVersions = {
  versionFor: (table, _columns, { limit }) => ({ table, undo: null, maxRows: limit }),
  renderedBefore: () => null,
};
