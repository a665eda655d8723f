/** One page of rows, as bytes of the file. */
import type { Encoded, FormatState } from "../../formats/format.ts";
import type { Cursor } from "./cursor.ts";

export type { RowsSegment } from "../../formats/format.ts";

/** One page, rendered. */
export interface Page {
  /** Can be iterated once: the bytes of a large row are made as they are asked for. */
  readonly bytes: Iterable<Uint8Array>;
  /**
   * Where the format's state is needed for the bytes: makes them and the next state, given the state and the offset in the file. `bytes` is empty
   * then. Throws `data_unreadable`.
   */
  readonly encode?: (state: FormatState, offset: number) => Encoded;
  /** Bytes of the page; of a large row the bytes that are stored. */
  readonly size: number;
  readonly rows: number;
  /** Values that the format wrote with a loss (`RowEncoder.lossy`). */
  readonly lossy: number;
  /** Where the next page begins; null after the last row. */
  readonly next: Cursor | null;
}
