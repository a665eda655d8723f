/** One page of rows, as bytes of the file. */
import type { Segment } from "../../formats/format.ts";
import type { Cursor } from "./cursor.ts";

/** A segment of the file that is rows of one table. */
export type RowsSegment = Extract<Segment, { kind: "rows" }>;

/** One page, rendered. */
export interface Page {
  /** Can be iterated once: the bytes of a large row are made as they are asked for. */
  readonly bytes: Iterable<Uint8Array>;
  /** Bytes of the page; of a large row the bytes that are stored. */
  readonly size: number;
  readonly rows: number;
  /** Values that the format wrote with a loss (`RowEncoder.lossy`). */
  readonly lossy: number;
  /** Where the next page begins; null after the last row. */
  readonly next: Cursor | null;
}
