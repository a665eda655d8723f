/** A slice under the job's snapshot: begins it, keeps it within its limit while R2 is waited for, and writes each checkpoint. */
import { crc32 } from "../pack/crc32.ts";
import type { Plan } from "../file/plan.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { limitCheckMs } from "../snapshot/undo-limit.ts";
import type { JobContext } from "./context.ts";
import type { Job } from "./job.ts";
import { beginOnce, isWithinLimit } from "./job-snapshot.ts";
import { notes } from "./notes.ts";
import { expectRoom, usualParts } from "./part-size.ts";
import { runSlice } from "./slice.ts";
import type { SliceBudget, SliceContext, SliceEnd } from "./slice-context.ts";
import { advance, snapshotAbandoned, snapshotStarted } from "./transitions.ts";

/** What one slice works with. */
export interface SliceWork {
  readonly plan: Plan;
  readonly upload: MultipartUpload;
  readonly snapshot: Snapshot;
  /** Called where the snapshot has grown beyond its limit while the slice waits, and the job fails by it. */
  readonly failed: (error: unknown) => void;
}

export class SnapshotSlice {
  readonly #job: Job;
  readonly #work: SliceWork;
  readonly #context: JobContext;

  constructor(job: Job, work: SliceWork, context: JobContext) {
    this.#job = job;
    this.#work = work;
    this.#context = context;
  }

  /** Runs the slice. The first one begins the snapshot, unless that was done when the job was started. */
  async run(budget: SliceBudget): Promise<SliceEnd> {
    const { store } = this.#context;
    const { plan, snapshot } = this.#work;
    const seal = this.#job.checkpoint === null ? await beginOnce(snapshot, plan) : null;
    if (seal !== null) store.save(snapshotStarted(store.get(this.#job.id), seal, Date.now()));
    this.#checkLimit();
    // R2 may hang for as long as its deadline lets it: what is changed meanwhile is kept
    const timer = setInterval(() => this.#checkLimitWhileWaiting(), limitCheckMs);
    try {
      return await runSlice(this.#job, this.#sliceContext(), budget);
    } finally {
      clearInterval(timer);
    }
  }

  /** Where more is changed under the snapshot than may be kept, the job fails, or goes on without it. */
  #checkLimit(): void {
    const { store } = this.#context;
    const { snapshot } = this.#work;
    if (isWithinLimit(this.#job, snapshot)) return;
    const job = store.get(this.#job.id);
    snapshot.abandon();
    store.save({ ...snapshotAbandoned(job, snapshot.seal), warnings: [...job.warnings, notes.undo] });
  }

  /** The same while the slice waits: where the job fails, the slice finds itself cancelled. */
  #checkLimitWhileWaiting(): void {
    try {
      if (this.#context.store.isRunning(this.#job.id)) this.#checkLimit();
    } catch (error) {
      this.#work.failed(error);
    }
  }

  #sliceContext(): SliceContext {
    const { store } = this.#context;
    const { id } = this.#job;
    const { plan, upload, snapshot } = this.#work;
    return {
      pipeline: plan.pipeline,
      upload,
      mostParts: (this.#context.parts ?? usualParts).most,
      crc32,
      remainder: () => store.parts.remainder(id),
      isCancelled: () => !store.isRunning(id),
      allRead: () => store.save({ ...store.get(id), changes: snapshot.changes() }),
      checkpoint: (checkpoint, parts, remainder) => {
        for (const part of parts) store.parts.add(id, part);
        store.parts.setRemainder(id, remainder);
        snapshot.advance(checkpoint.position.counts.length, checkpoint.position.at);
        store.save({ ...advance(store.get(id), checkpoint), seal: snapshot.seal });
        this.#checkLimit();
        expectRoom(store.get(id), this.#context.parts);
      },
    };
  }
}
