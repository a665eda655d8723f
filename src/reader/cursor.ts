/** Where a page ended: opaque outside the source, plain data, all that the next page depends on. */

import type { KeyCell } from "../schema/key.ts";

/** The position behind a page of a table. */
export interface Cursor {
  /** Key of the last row; null in front of the first one. */
  readonly key: readonly KeyCell[] | null;
  /** How many leading key columns stay fixed until the rows below them are done (mixed ASC and DESC keys only). */
  readonly fixed: number;
  /** How many of the rows in front of the cursor have that key, where a key may repeat. */
  readonly repeats: number;
  /** Rows in front of the cursor. */
  readonly rows: number;
  /** Values in front of the cursor that the format noted. */
  readonly lossy: number;
  /** Rows the next page may hold. */
  readonly limit: number;
  /** The page before had gaps between its rowids. */
  readonly sparse: boolean;
  /** Rows left that go straight to the slow path, and how many times a page's rows it will be the next time. */
  readonly slowRows: number;
  readonly backoff: number;
}

/** In front of a table's first row. */
export function firstCursor(limit: number): Cursor {
  return { key: null, fixed: 0, repeats: 0, rows: 0, lossy: 0, limit, sparse: false, slowRows: 0, backoff: 1 };
}
