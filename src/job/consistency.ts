/** How a job sees to it that its file is the database of one moment, and what it says where it is not. */
import { countedTables, type Position } from "../pipeline.ts";
import type { Plan } from "../plan.ts";
import { isWhole, resealed, seal, sealBroken, type Seal } from "../source/seal.ts";
import { readLive, UndoLog } from "../source/undo.ts";
import { undoLimitFor } from "../source/undo-states.ts";
import { changesOf, noteChanges, watch, type Changes } from "../source/watch.ts";
import type { Job } from "./job.ts";

/** The consistency of one job. Every method is synchronous. */
export class Consistency {
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
    this.#limit = limit ?? undoLimitFor(job.databaseBytes);
    this.#log = job.isFuzzy ? null : new UndoLog(sql, job.id);
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
  begin(plan: Plan): Seal | null {
    const { id } = this.#job;
    if (this.log?.isBegun === true) return null;
    plan.source.verify(); // it was made some time ago
    const names = countedTables(plan.layout.parts).map(({ name }) => name);
    try {
      if (this.log !== null) plan.source.freeze(names, this.log);
      watch(this.#sql, id, readLive(plan.source.schema.tables, this.#log));
      this.#seal = seal(this.#sql, id);
    } catch (error) {
      this.log?.end(); // or the next try would take it for begun
      throw error;
    }
    return this.#seal;
  }

  /** A checkpoint is durable: what is in front of it is never read again. */
  advance({ counts, at }: Position): void {
    const { tables, id } = this.#job;
    const isNew = counts.length > this.#done;
    if (isNew) this.#expectWhole();
    this.log?.advance(tables.slice(0, counts.length), tables[counts.length] ?? null, at);
    this.#done = counts.length;
    if (isNew && this.#seal !== null) this.#seal = resealed(this.#sql, id, this.#seal);
  }

  /** What is known of changes, once all rows are read. Throws `schema_changed` where that cannot be told. */
  changes(plan: Plan): Changes {
    this.#expectWhole();
    return changesOf(this.#sql, this.#job.id, readLive(plan.source.schema.tables, this.#log));
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
  giveUp(plan: Plan): void {
    if (this.#log === null) return;
    this.#expectWhole();
    plan.source.verify(); // the tables that will be watched are those that were kept
    const { tables } = plan.source.schema;
    const changed = [
      ...this.changes(plan).changed, // of those that the log does not cover
      ...this.#log.changed(tables).map(({ name, owner }) => owner ?? name),
    ];
    this.#log.end();
    this.#log = null;
    watch(this.#sql, this.#job.id, tables);
    noteChanges(this.#sql, this.#job.id, changed);
    this.#seal = seal(this.#sql, this.#job.id);
  }

  #expectWhole(): void {
    if (!this.isWhole) throw sealBroken();
  }
}
