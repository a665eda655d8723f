/**
 * Begins a snapshot of the database as it is at one moment, in short event-loop turns between which the host goes on.
 *
 * Larger tables get triggers, which keep the rows from the turn on in which they are made. A table that was written to before the snapshot is
 * complete gets them anew. Small tables are read in full instead. `total_changes()` counts every row that any statement changes, those of
 * triggers, foreign keys and full-text tables included (https://sqlite.org/c3ref/total_changes.html). If it stays the same from one turn to the
 * next, what was read in the first is still true in the second; if not, all small tables are read again, after some tries in a single turn.
 */
import { KiB } from "../base/units.ts";
import { ExportError } from "../errors.ts";
import type { RowsSegment } from "../reader/rendered-page.ts";
import type { Source } from "../reader/source.ts";
import { liveRows } from "../reader/table-versions.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { markBegun, markOpen, stateOfExport } from "../schema/own-tables.ts";
import { hasFewBytes } from "../schema/table-size.ts";
import { renderSmallTables, type TableSegments } from "./render-small-tables.ts";
import type { SmallTables } from "./small-tables.ts";
import { totalChanges } from "./total-changes.ts";
import type { UndoLog } from "./undo-log.ts";

/** A table of at most so many bytes and rows is read when a snapshot begins: up to 1 ms, where its triggers take 1 to 10 ms (docs/decisions/0057). */
const smallBytes = 32 * KiB;

const smallRows = 512;

/** Tables that are looked at in one event-loop turn: about 10 ms. */
const tablesPerTurn = 40;

/** Tables that get triggers in one event-loop turn. */
const loggedTablesPerTurn = 4;

/** How often small tables are read again because the host has written meanwhile; after that they are read in a single turn. */
const interruptibleTries = 3;

/** What a snapshot is taken of, and for whom. */
export interface SnapshotTarget {
  readonly sql: SqlStorage;
  /** The export that the snapshot is for. */
  readonly exportId: string;
  readonly source: Source;
  /** The segments of the file that are rows, in order. */
  readonly segments: readonly RowsSegment[];
}

/**
 * Begins to keep all rows of the segments: small tables in `smallTables`, if it is given, and others in `log`, if that is given. Each `yield` is a
 * place where the host may go on; the moment of the snapshot is the end. True if the host has written nothing meanwhile.
 */
export function* beginSnapshot(
  { sql, exportId, source, segments }: SnapshotTarget,
  log: UndoLog | null,
  smallTables: SmallTables | null,
): Generator<void, boolean, void> {
  let isUndisturbed = true;
  source.readFrom(liveRows);
  try {
    const isLong = segments.length > tablesPerTurn;
    if (isLong) yield* pause();
    if (log !== null) yield* log.open(isLong ? pause : null);
    markOpen(sql, exportId);
    enter();
    const [small, others] = yield* sortedBySize();
    const logged = others.filter(mayHaveTriggers);
    for (const [index, table] of logged.entries()) {
      log?.add(table);
      if (index % loggedTablesPerTurn === loggedTablesPerTurn - 1) yield* pauseAndEnter();
    }
    for (let tries = 0; ; tries++) {
      const mayYield = tries < interruptibleTries ? pauseAndEnter : null;
      const unread = smallTables === null ? [] : yield* renderSmallTables(source, small, smallTables, mayYield);
      if (unread === "disturbed") continue;
      for (const table of unread) log?.add(table);
      // the last turn has enough to do
      if (mayYield === null || small.length <= tablesPerTurn || (yield* pauseAndEnter())) break;
    }
    for (const table of others) if (!mayHaveTriggers(table)) log?.add(table);
    log?.renew();
    source.verify();
    markBegun(sql, exportId);
    return isUndisturbed;
  } catch (error) {
    log?.drop();
    smallTables?.clear();
    throw error;
  }

  /** Throws if the export was cancelled meanwhile. */
  function enter(): void {
    if (stateOfExport(sql, exportId) === null)
      throw new ExportError("snapshot_too_old", "Cannot go on with the snapshot: nobody wants it any more");
    source.flush();
  }

  /** Lets the host go on; true if it has written nothing. */
  function* pause(): Generator<void, boolean, void> {
    const before = totalChanges(sql);
    yield;
    const isSame = totalChanges(sql) === before; // compared before the exporter itself writes again
    isUndisturbed &&= isSame;
    return isSame;
  }

  function* pauseAndEnter(): Generator<void, boolean, void> {
    const isSame = yield* pause();
    enter();
    return isSame;
  }

  function* sortedBySize(): Generator<void, readonly [small: TableSegments[], others: SourceTable[]], void> {
    const small: TableSegments[] = [];
    const others: SourceTable[] = [];
    const byTable = Map.groupBy(segments.entries(), ([, segment]) => segment.table.name);
    for (const [count, [name, list]] of [...byTable].entries()) {
      const table = source.sourceTable(name);
      if (table === undefined) continue;
      if (smallTables !== null && isSmall(sql, table)) small.push({ table, segments: list });
      else others.push(table);
      if (count % tablesPerTurn === tablesPerTurn - 1) yield* pauseAndEnter();
    }
    return [small, others];
  }
}

function mayHaveTriggers({ kind, name }: SourceTable): boolean {
  return kind === "table" && !/^sqlite_/i.test(name);
}

function isSmall(sql: SqlStorage, { name, columns }: SourceTable): boolean {
  const values = columns.map((column) => column.sql);
  try {
    return hasFewBytes(sql, name, values, smallBytes, smallRows);
  } catch {
    return false; // a table that cannot be read is reported when it is read for the file
  }
}
