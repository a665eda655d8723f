/** How a job sees to it that its file is the database of one moment, and what it says where it is not. */
import type { Table } from "../../formats/format.ts";
import { placesOf, type Position } from "../file/pipeline.ts";
import type { Plan } from "../file/plan.ts";
import { SmallTables } from "../snapshot/small-tables.ts";
import { isWhole, resealed, seal, sealBroken, type Seal } from "../snapshot/seal.ts";
import { readLive, UndoLog } from "../snapshot/undo-log.ts";
import { defaultMaxUndoBytes } from "../snapshot/registry.ts";
import { runCooperatively } from "../base/event-loop.ts";
import { changesOf, noteChanges, startTracking, type Changes } from "../snapshot/change-tracker.ts";
import type { Job } from "./job.ts";

/** The consistency of one job. Every method but `begin` is synchronous. */
export class JobSnapshot {
  /** Tables that were read when it began. */
  readonly first: SmallTables;
  #log: UndoLog | null;
  readonly #sql: SqlStorage;
  readonly #job: Job;
  readonly #limit: number;
  #seal: Seal | null;
  /** Tables whose rows are all behind a durable checkpoint. */
  #done: number;

  /** `limit` is in bytes of kept rows; null for a tenth of the database, or 256 MiB if that is more. */
  constructor(sql: SqlStorage, job: Job, limit: number | null) {
    this.#sql = sql;
    this.#job = job;
    this.#limit = limit ?? defaultMaxUndoBytes(job.databaseBytes);
    this.#log = job.isFuzzy ? null : new UndoLog(sql, job.id);
    this.first = new SmallTables(sql, job.id);
    this.#seal = job.seal;
    this.#done = job.checkpoint?.position.counts.length ?? 0;
  }

  /** Rows as they were; null where they are read as they are. */
  get log(): UndoLog | null {
    return this.#log;
  }

  /** What the next slice must know the tables by. */
  get seal(): Seal | null {
    return this.#seal;
  }

  /** True as long as nothing is gone by which changes are seen: triggers go with their table, also if it comes back. */
  get isWhole(): boolean {
    return this.#seal === null || isWhole(this.#sql, this.#job.id, this.#seal);
  }

  /** From now on changes do no harm, or are known. Null if that was begun already. Throws `schema_changed` for a plan of another schema. */
  async begin(plan: Plan): Promise<Seal | null> {
    if (this.log?.isBegun === true) return null;
    return runCooperatively(this.#beginning(plan));
  }

  *#beginning(plan: Plan): Generator<void, Seal, void> {
    const { id } = this.#job;
    plan.source.verify(); // it was made some time ago
    const places = placesOf(plan.layout.segments);
    const names = places.map(([, { table }]) => table.name);
    try {
      yield* plan.source.beginningSnapshot(names, this.log, { read: this.first, places, job: id });
      plan.source.verifyFacts();
      startTracking(this.#sql, id, this.#watched(plan), new Set(names));
      const sealed = seal(this.#sql, id);
      this.#seal = sealed;
      return sealed;
    } catch (error) {
      new UndoLog(this.#sql, id).drop(); // or the next try would take it for begun
      throw error;
    }
  }

  /** Tables that are read as they are. Those that were read first are not; but a change of a virtual one is told by what it was like. */
  #watched(plan: Plan): readonly Table[] {
    const live = readLive(plan.source.schema.tables, this.#log);
    if (this.#log !== null) return live;
    const places = placesOf(plan.layout.segments).filter(([place]) => this.first.has(place));
    const names = new Set(places.map(([, { table }]) => table.name));
    return live.filter(({ name, kind }) => kind === "virtual" || !names.has(name));
  }

  /** A checkpoint is durable: what is in front of it is never read again. */
  advance({ counts, at }: Position): void {
    const { tables, id } = this.#job;
    const isNew = counts.length > this.#done;
    if (isNew) this.#expectWhole();
    this.log?.advance(tables.slice(0, counts.length), tables[counts.length] ?? null, at);
    if (isNew) this.first.advance(counts.length);
    this.#done = counts.length;
    if (isNew && this.#seal !== null) this.#seal = resealed(this.#sql, id, this.#seal);
  }

  /** What is known of changes, once all rows are read. Throws `schema_changed` where that cannot be told. */
  changes(plan: Plan): Changes {
    this.#expectWhole();
    return changesOf(this.#sql, this.#job.id, readLive(plan.source.schema.tables, this.#log), namesRead(plan));
  }

  /** Throws `snapshot_too_old` where more was changed than may be kept; false if the job shall go on without a snapshot then. */
  isWithinLimit(): boolean {
    try {
      this.#log?.check(this.#limit, this.#job.databaseBytes);
      return true;
    } catch (error) {
      if (this.#job.options.onUndoLimit === "fuzzy") return false;
      throw error;
    }
  }

  /** Gives the snapshot up: what has changed by now is noted, and what changes from now on. */
  abandon(plan: Plan): void {
    if (this.#log === null) return;
    this.#expectWhole();
    plan.source.verify(); // the tables that will be watched are those that were kept
    const { tables } = plan.source.schema;
    const changed = [
      ...this.changes(plan).changed, // of those that the log does not cover
      ...this.#log.changed(tables).map(({ name, owner }) => owner ?? name),
    ];
    this.#log.abandon();
    this.#log = null;
    startTracking(this.#sql, this.#job.id, this.#watched(plan), namesRead(plan));
    noteChanges(this.#sql, this.#job.id, changed);
    this.#seal = seal(this.#sql, this.#job.id);
  }

  #expectWhole(): void {
    if (!this.isWhole) throw sealBroken();
  }
}

/** The tables whose own rows are exported. */
function namesRead({ layout }: Plan): ReadonlySet<string> {
  return new Set(placesOf(layout.segments).map(([, { table }]) => table.name));
}
