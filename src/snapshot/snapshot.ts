/**
 * The snapshot of one export: the same for a job, whose next slice goes on with it, and for a download.
 *
 * It keeps the rows as they were when it began (`UndoLog`, `SmallTables`), and watches for what it cannot keep (`change-tracker.ts`). A fuzzy one
 * keeps only the small tables, which are read at the beginning anyway, and watches all others.
 */
import type { Column, Table } from "../../formats/format.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { Page } from "../reader/rendered-page.ts";
import { liveRows, type TableVersion, type TableVersions } from "../reader/table-versions.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { beginSnapshot, type SnapshotTarget } from "./begin-snapshot.ts";
import { changesOf, noteChanges, startTracking, unwatchedTables, type Changes } from "./change-tracker.ts";
import { isWhole, resealed, seal, sealBroken, type Seal } from "./seal.ts";
import { SmallTables } from "./small-tables.ts";
import { tablesReadLive } from "./live-tables.ts";
import type { UndoLimit } from "./undo-limit.ts";
import { UndoLog } from "./undo-log.ts";

/** What a snapshot is taken of, and how much it may keep. */
export interface SnapshotOptions extends SnapshotTarget, UndoLimit {
  /** Nothing but small tables is kept. */
  readonly isFuzzy: boolean;
}

/** Where an export goes on that has begun its snapshot in an earlier slice. */
export interface SnapshotState {
  /** Null if it has not begun after all. */
  readonly seal: Seal | null;
  /** Segments of rows that have been read, and never will be again. */
  readonly segmentsDone: number;
}

/** Every method is synchronous; `begin` yields where the host may go on. */
export class Snapshot implements TableVersions {
  readonly #options: SnapshotOptions;
  readonly #smallTables: SmallTables;
  /** The table of each segment. */
  readonly #tables: readonly string[];
  #log: UndoLog | null = null;
  #seal: Seal | null = null;
  #segmentsDone = 0;

  constructor(options: SnapshotOptions) {
    const { sql, exportId, segments } = options;
    this.#options = options;
    this.#smallTables = new SmallTables(sql, exportId);
    this.#tables = segments.map(({ table }) => table.name);
  }

  /** Goes on with what an earlier slice has begun: the next pages are read from that. */
  resume({ seal: sealed, segmentsDone }: SnapshotState): void {
    const { sql, exportId, isFuzzy, source } = this.#options;
    this.#log = isFuzzy ? null : new UndoLog(sql, exportId);
    this.#seal = sealed;
    this.#segmentsDone = segmentsDone;
    source.readFrom(this);
  }

  /** True while it keeps rows as they were. */
  get keepsRows(): boolean {
    return this.#log?.isBegun === true;
  }

  /** What tells the next slice that the tables are still the same; null before it has begun. */
  get seal(): Seal | null {
    return this.#seal;
  }

  /**
   * Takes the snapshot: from its end on, changes do no harm, or are seen. True if the host has written nothing meanwhile, so that the
   * `segmentsRead` before it need not be read again. Throws `schema_changed` if the source is of another schema; then nothing of it is left.
   */
  *begin(segmentsRead = 0): Generator<void, boolean, void> {
    const { sql, exportId, isFuzzy, source } = this.#options;
    try {
      this.#log = isFuzzy ? null : new UndoLog(sql, exportId);
      const isUndisturbed = yield* beginSnapshot(this.#options, this.#log, this.#smallTables);
      source.readFrom(this);
      startTracking(sql, exportId, this.#tablesToWatch(), new Set(this.#tables));
      this.#seal = seal(sql, exportId);
      this.#segmentsDone = isUndisturbed ? segmentsRead : 0;
      return isUndisturbed;
    } catch (error) {
      this.end(); // or the next attempt would take it for begun
      throw error;
    }
  }

  versionFor(table: SourceTable, columns: readonly Column[], cursor: Cursor): TableVersion {
    return (this.#log ?? liveRows).versionFor(table, columns, cursor);
  }

  renderedBefore(index: number): Page | null {
    return this.#smallTables.page(index);
  }

  /**
   * So many segments of rows are read, and of the next one all rows in front of the cursor (null if that is not said): they are never read
   * again. Throws `schema_changed` if it can no longer be told what was changed.
   */
  advance(segmentsDone: number, cursor: Cursor | null): void {
    const { sql, exportId } = this.#options;
    const isNew = segmentsDone > this.#segmentsDone;
    this.#segmentsDone = segmentsDone;
    if (!isNew && cursor === null) return;
    if (isNew) this.#expectIntact();
    this.#log?.advance(this.#tables.slice(0, segmentsDone), this.#tables[segmentsDone] ?? null, cursor);
    if (!isNew) return;
    this.#smallTables.advance(segmentsDone);
    if (this.#seal !== null) this.#seal = resealed(sql, exportId, this.#seal);
  }

  /** Throws `snapshot_too_old` if more bytes of changed rows are kept than may be. */
  checkLimit(): void {
    this.#log?.checkLimit(this.#options);
  }

  /** What has changed of the rows that it does not keep; to be asked when all are read. Throws `schema_changed` if that cannot be told. */
  changes(): Changes {
    const { sql, exportId } = this.#options;
    this.#expectIntact();
    return changesOf(sql, exportId, this.#liveTables(), new Set(this.#tables));
  }

  /** Virtual tables that it neither keeps nor can watch. */
  unwatchedTables(): readonly string[] {
    return unwatchedTables(this.#options.sql, this.#options.exportId);
  }

  /** Goes on as a fuzzy one: what has changed by now is noted, and what changes from now on is watched for. */
  abandon(): void {
    const { sql, exportId, source } = this.#options;
    if (this.#log === null) return;
    this.#expectIntact();
    source.verify(); // the tables that will be watched are those that were kept
    const changed = [
      ...this.changes().changed, // of those that the log does not cover
      ...this.#log.changed(source.schema.tables).map(({ name, owner }) => owner ?? name),
    ];
    this.#log.abandon();
    this.#log = null;
    startTracking(sql, exportId, this.#tablesToWatch(), new Set(this.#tables));
    noteChanges(sql, exportId, changed);
    this.#seal = seal(sql, exportId);
  }

  /** Takes away all that it keeps. */
  end(): void {
    new UndoLog(this.#options.sql, this.#options.exportId).drop();
  }

  /** Tables that are read as they are. */
  #liveTables(): readonly Table[] {
    return tablesReadLive(this.#options.source.schema.tables, this.#log);
  }

  /** Those of them whose changes matter. Small tables have been read; but a virtual one is told from what it was like at the beginning. */
  #tablesToWatch(): readonly Table[] {
    const live = this.#liveTables();
    if (this.#log !== null) return live;
    const small = new Set(this.#tables.filter((_, index) => this.#smallTables.has(index)));
    return live.filter(({ name, kind }) => kind === "virtual" || !small.has(name));
  }

  #expectIntact(): void {
    const { sql, exportId } = this.#options;
    if (this.#seal !== null && !isWhole(sql, exportId, this.#seal)) throw sealBroken();
  }
}
