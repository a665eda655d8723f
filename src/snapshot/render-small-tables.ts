/** Reads small tables in full when a snapshot begins, rendered as their format has them. */
import { KiB, MiB } from "../base/units.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { RowsSegment } from "../reader/rendered-page.ts";
import type { Source } from "../reader/source.ts";
import type { SourceTable } from "../schema/source-table.ts";
import type { SmallTables, WholeSegment } from "./small-tables.ts";

/** Bytes that all small tables may come out as: they are kept in the database until the export gets there. */
const maxRenderedBytes = 256 * MiB;

/** Tables that are read in one event-loop turn: about 10 ms. */
const tablesPerTurn = 40;

/** Bytes that are rendered in one event-loop turn: some milliseconds. */
const bytesPerTurn = 256 * KiB;

/** Rendered bytes beyond which a segment is not one of a small table after all. */
const maxSegmentBytes = 128 * KiB;

/** A table, and its segments by their index among those of the file that are rows. */
export interface TableSegments {
  readonly table: SourceTable;
  readonly segments: readonly (readonly [index: number, segment: RowsSegment])[];
}

/**
 * Reads tables into `smallTables`, which holds nothing else then. Gives those that it could not read whole: they are too large once they are
 * rendered, or cannot be read, which is reported when they are read for the file. Where `pause` is given it may let the host go on; if that has
 * written something, the result is "disturbed".
 */
export function* renderSmallTables(
  source: Source,
  tables: readonly TableSegments[],
  smallTables: SmallTables,
  pause: (() => Generator<void, boolean, void>) | null,
): Generator<void, readonly SourceTable[] | "disturbed", void> {
  const unread: SourceTable[] = [];
  let totalBytes = 0;
  let turnBytes = 0;
  let turnTables = 0;
  smallTables.begin();
  for (const { table, segments } of tables) {
    if (pause !== null && (turnTables >= tablesPerTurn || turnBytes >= bytesPerTurn)) {
      turnTables = 0;
      turnBytes = 0;
      if (!(yield* pause())) return "disturbed";
    }
    const whole = totalBytes >= maxRenderedBytes ? null : wholeSegments(source, segments);
    if (whole === null) {
      unread.push(table);
      continue;
    }
    turnTables++;
    for (const [index, segment] of whole) {
      smallTables.add(index, segment);
      const length = segment.bytes.reduce((sum, piece) => sum + piece.length, 0);
      turnBytes += length;
      totalBytes += length;
    }
  }
  smallTables.flush();
  return unread;
}

/** All rows of each segment; null if they are too many, or cannot be read. */
function wholeSegments(
  source: Source,
  segments: TableSegments["segments"],
): readonly (readonly [index: number, segment: WholeSegment])[] | null {
  const whole: (readonly [number, WholeSegment])[] = [];
  for (const [index, segment] of segments) {
    const rendered = wholeSegment(source, segment);
    if (rendered === null) return null;
    whole.push([index, rendered]);
  }
  return whole;
}

function wholeSegment(source: Source, segment: RowsSegment): WholeSegment | null {
  let rows = 0;
  let lossy = 0;
  let size = 0;
  const bytes: Uint8Array[] = [];
  for (let cursor: Cursor | null = null; ;) {
    try {
      const page = source.page(segment, cursor);
      if (page.encode !== undefined) return null; // its bytes depend on what stands in front of them in the file
      bytes.push(...page.bytes);
      rows += page.rows;
      lossy += page.lossy;
      size += page.size;
      cursor = page.next;
    } catch {
      return null;
    }
    if (cursor === null) return { rows, lossy, size, bytes };
    if (size > maxSegmentBytes) return null;
  }
}
