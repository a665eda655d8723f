/** How much an undo log keeps: counted now and then, as all that is kept is read for that. */
import { ExportError } from "../errors.ts";
import { MiB } from "../base/units.ts";
import { totalChanges } from "./total-changes.ts";

/** How often the limit is checked while nobody reads and no slice runs, in milliseconds. */
export const limitCheckMs = 1000;

/** A snapshot may keep so many bytes of rows that were changed under it; more for a large database. */
const minDefaultBytes = 256 * MiB;

/** After at least so many changed rows the bytes are counted again. */
const changesPerCount = 1000;

/** How much a snapshot may keep. */
export interface UndoLimit {
  /** Size of the database when the export was planned. */
  readonly databaseBytes: number;
  /** Bytes of changed rows that it may keep; null for a tenth of the database, or 256 MiB if that is more. */
  readonly maxUndoBytes: number | null;
}

/** Values of `total_changes()`: at the first count, at the last one, and when the next one is due. */
interface Counts {
  readonly firstChanges: number;
  readonly lastChanges: number;
  readonly nextChanges: number;
}

/** By the ids of the exports that this instance of the object has under way. */
const countsOf = new WeakMap<SqlStorage, Map<string, Counts>>();

/** Throws `snapshot_too_old` if the log of an export keeps more bytes than it may. `countBytes` goes through all that is kept. */
export function checkUndoLimit(
  sql: SqlStorage,
  exportId: string,
  { databaseBytes, maxUndoBytes }: UndoLimit,
  countBytes: () => number,
): void {
  const limit = maxUndoBytes ?? Math.max(minDefaultBytes, databaseBytes / 10);
  // Counted when the database has grown by that much. It need not grow where the host deletes, so also when half as many rows again were
  // changed as at the last count.
  const changes = totalChanges(sql);
  const isGrown = sql.databaseSize - databaseBytes > limit;
  const counts = countsOf.get(sql) ?? new Map<string, Counts>();
  countsOf.set(sql, counts);
  const last = counts.get(exportId) ?? { firstChanges: changes, lastChanges: -1, nextChanges: 0 };
  if (changes === last.lastChanges || (!isGrown && changes < last.nextChanges)) return;
  const nextChanges = changes + Math.max(changesPerCount, (changes - last.firstChanges) / 2);
  counts.set(exportId, { firstChanges: last.firstChanges, lastChanges: changes, nextChanges });
  const bytes = countBytes();
  if (bytes <= limit) return;
  const [kept, most] = [bytes, limit].map((value) => (value / MiB).toFixed(1));
  throw new ExportError(
    "snapshot_too_old",
    `Cannot keep the snapshot: ${kept} MiB of rows were changed since it began, the limit is ${most} MiB; try at a quieter time, or with consistency=fuzzy`,
  );
}

/** The export is over: its counts are forgotten. */
export function forgetCounts(sql: SqlStorage, exportId: string): void {
  countsOf.get(sql)?.delete(exportId);
}
