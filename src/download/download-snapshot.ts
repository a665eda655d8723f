/** The snapshot of a direct download that takes more than one turn: an undo log that lives no longer than the object does. */
import type { Snapshot } from "./downloads.ts";
import { ExportError, listed } from "../errors.ts";
import { countedTables, placesOf, type Read } from "../file/pipeline.ts";
import type { Plan } from "../file/plan.ts";
import { SmallTables } from "../snapshot/small-tables.ts";
import { isWhole, resealed, seal, sealBroken, type Seal } from "../snapshot/seal.ts";
import { dropUndoLogs, readLive, UndoLog } from "../snapshot/undo-log.ts";
import { defaultMaxUndoBytes } from "../snapshot/registry.ts";
import { runCooperatively } from "../base/event-loop.ts";
import { changesOf, unwatchedTables, startTracking } from "../snapshot/change-tracker.ts";

/** One life of an object; several Exporters may share it. */
const lives = new WeakMap<DurableObjectState, string>();

function instanceIdOf(ctx: DurableObjectState): string {
  const life = lives.get(ctx) ?? `direct-${crypto.getRandomValues(new Uint8Array(4)).toHex()}-`;
  lives.set(ctx, life);
  return life;
}

/** The size of the database is asked for every few steps: it takes as long as a hundredth of a step. */
const stepsPerCheck = 16;

/** Keeps rows as they were when the download began. */
export class DownloadSnapshot implements Snapshot {
  readonly #ctx: DurableObjectState;
  readonly #plan: Plan;
  readonly #tables: readonly string[];
  readonly #limit: number;
  #log: UndoLog | null = null;
  #first: SmallTables | null = null;
  #id = "";
  #seal: Seal | null = null;
  #done = 0;
  #steps = 0;

  /** `limit` is in bytes of kept rows; null for the usual one. */
  constructor(ctx: DurableObjectState, plan: Plan, limit: number | null) {
    this.#ctx = ctx;
    this.#plan = plan;
    this.#tables = countedTables(plan.layout.segments).map(({ name }) => name);
    this.#limit = limit ?? defaultMaxUndoBytes(plan.databaseBytes);
  }

  async begin({ counts }: Read): Promise<boolean> {
    this.#done = counts.length;
    return runCooperatively(this.#beginning());
  }

  *#beginning(): Generator<void, boolean, void> {
    const { sql } = this.#ctx.storage;
    const id = instanceIdOf(this.#ctx) + crypto.getRandomValues(new Uint8Array(4)).toHex();
    this.#id = id;
    this.#log = new UndoLog(sql, id);
    this.#first = new SmallTables(sql, id);
    const { source, layout } = this.#plan;
    const wanted = { read: this.#first, places: placesOf(layout.segments), job: id };
    // all tables: should the host write meanwhile, those that were read before are read again
    const isUndisturbed = yield* source.beginningSnapshot(this.#tables, this.#log, wanted);
    startTracking(sql, id, readLive(source.schema.tables, this.#log), new Set(this.#tables));
    this.#expectSeen();
    this.#seal = seal(sql, id);
    if (!isUndisturbed) this.#done = 0;
    return isUndisturbed;
  }

  advance({ counts }: Read): void {
    // Not each page: what is written holds the next bytes back until it is durable.
    if (counts.length > this.#done) {
      const whole = this.#whole();
      this.#log?.advance(this.#tables.slice(0, counts.length), this.#tables[counts.length] ?? null, null);
      this.#first?.advance(counts.length);
      this.#seal = whole && resealed(this.#ctx.storage.sql, this.#id, whole);
    }
    this.#done = counts.length;
    if (this.#steps++ % stepsPerCheck === 0) this.checkLimit();
  }

  checkLimit(): void {
    this.#log?.check(this.#limit, this.#plan.databaseBytes);
  }

  check(): void {
    this.#whole();
    const live = readLive(this.#plan.source.schema.tables, this.#log);
    const { changed } = changesOf(this.#ctx.storage.sql, this.#id, live, new Set(this.#tables));
    if (changed.length === 0) return;
    throw new ExportError(
      "snapshot_too_old",
      `Cannot vouch for the download: ${listed(changed)}, of which no snapshot can be kept, changed while it was read; try again, start a job with POST, or ask for consistency=fuzzy`,
    );
  }

  /** Throws `snapshot_too_old` if there are tables whose changes nobody would see. */
  #expectSeen(): void {
    const unseen = unwatchedTables(this.#ctx.storage.sql, this.#id);
    if (unseen.length === 0) return;
    throw new ExportError(
      "snapshot_too_old",
      `Cannot hold ${listed(unseen)} still for a download, nor see whether they change: they are too large; start a job with POST, which says so, leave them out with exclude=, or ask for consistency=fuzzy`,
    );
  }

  /** Throws `schema_changed` if something is gone by which changes are seen. */
  #whole(): Seal | null {
    if (this.#seal !== null && !isWhole(this.#ctx.storage.sql, this.#id, this.#seal)) throw sealBroken();
    return this.#seal;
  }

  drop(): void {
    this.#log?.drop();
  }
}

/** Takes away what downloads of an earlier life have left, and jobs that are no more. */
export function dropLostSnapshots(ctx: DurableObjectState, isOpenJob: (id: string) => boolean): void {
  const life = instanceIdOf(ctx);
  dropUndoLogs(ctx.storage.sql, (id) => id.startsWith(life) || isOpenJob(id));
}
