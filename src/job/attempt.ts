/** One turn of the current job: a slice of the file, or of reading it back, and what becomes of the job by it. */
import { ExportError, listed } from "../errors.ts";
import { limitCheckMs } from "../snapshot/undo-limit.ts";
import { crc32 } from "../pack/crc32.ts";
import type { Plan } from "../file/plan.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import { compositeOf } from "./checksums.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { beginOnce, isWithinLimit, resumedSnapshot } from "./job-snapshot.ts";
import {
  advance,
  complete,
  restartedWithLargerParts,
  snapshotStarted,
  mayRestartForSchema,
  pause,
  published,
  retryOrFail,
  snapshotAbandoned,
  verifiedUpTo,
} from "./transitions.ts";
import type { Job } from "./job.ts";
import { manifestOf } from "./manifest.ts";
import { nextPlan, replan } from "./resumed-plan.ts";
import { notes } from "./notes.ts";
import { expectRoom, largerParts, usualParts } from "./part-size.ts";
import { DumpUpload } from "./upload.ts";
import type { JobContext } from "./context.ts";
import { alarmBudget, runSlice, type SliceBudget, type SliceContext, type SliceEnd } from "./slice.ts";
import { discardPersistently, discardUploadPersistently, cleanUp } from "./cleanup.ts";
import { verifySlice } from "./verify.ts";

/** Gives a job that has begun a slice its turn, or lets it fail for a `reason`. Never throws for what concerns the job alone: that is in its row. */
export async function runAttempt(
  job: Job,
  reason: ExportError | null,
  context: JobContext,
  object: DumpUpload,
): Promise<void> {
  const turn = new Attempt(job, context, object);
  try {
    if (reason !== null) throw reason;
    await (job.result === null ? turn.write() : turn.verify());
  } catch (error) {
    await turn.failed(error);
  }
  await turn.release();
}

function changeWarnings({ changes }: Job): readonly string[] {
  if (changes === null || changes.changed.length === 0) return [];
  return [`Changed while it was exported, so that rows may be partly old and partly new: ${listed(changes.changed)}`];
}

class Attempt {
  readonly #job: Job;
  readonly #context: JobContext;
  readonly #object: DumpUpload;
  #upload: MultipartUpload | undefined;

  constructor(job: Job, context: JobContext, object: DumpUpload) {
    this.#job = job;
    this.#context = context;
    this.#object = object;
  }

  /** Makes the next stretch of the file, and completes it at its end. */
  async write(): Promise<void> {
    const { store, budget = alarmBudget } = this.#context;
    const next = await nextPlan(this.#job, this.#context);
    if (!store.isRunning(this.#job.id)) return;
    if (next.kind === "begin again") return this.#beginAgain(next.with);
    const { plan } = next;
    const snapshot = resumedSnapshot(this.#job, plan, this.#context);
    const upload = await this.#openUpload();
    this.#upload = upload;
    if (!store.isRunning(this.#job.id)) return;
    const end = await this.#slice(plan, upload, snapshot, budget).catch((error: unknown) => {
      const isSchemaChange = error instanceof ExportError && error.code === "schema_changed";
      const isUnread = store.find(this.#job.id)?.seal === null;
      if (isSchemaChange && (isUnread || mayRestartForSchema(this.#job))) return "paused"; // the next turn plans it anew
      return this.#enlarge(error);
    });
    if (end === "paused" && store.isRunning(this.#job.id)) store.save(pause(store.get(this.#job.id), Date.now()));
    if (end === "uploaded") await this.#complete(upload, plan);
  }

  /** The snapshot, or the watch, begins with the first slice, if it has not before. */
  async #slice(plan: Plan, upload: MultipartUpload, snapshot: Snapshot, budget: SliceBudget): Promise<SliceEnd> {
    const { store } = this.#context;
    const seal = this.#job.checkpoint === null ? await beginOnce(snapshot, plan) : null;
    if (seal !== null) store.save(snapshotStarted(store.get(this.#job.id), seal, Date.now()));
    this.#watchLimit(snapshot);
    // R2 may hang for as long as its deadline lets it: what is changed meanwhile is kept
    const timer = setInterval(() => this.#watchLimitBetween(snapshot), limitCheckMs);
    try {
      return await runSlice(this.#job, this.#sliceContext(plan, upload, snapshot), budget);
    } finally {
      clearInterval(timer);
    }
  }

  /** The same while the slice waits: where the job fails the slice finds that nobody wants it any more. */
  #watchLimitBetween(snapshot: Snapshot): void {
    try {
      if (this.#context.store.isRunning(this.#job.id)) this.#watchLimit(snapshot);
    } catch (error) {
      this.#context.background(this.failed(error));
    }
  }

  /** Reads the next stretch of the finished file back. */
  async verify(): Promise<void> {
    const { store, budget = alarmBudget } = this.#context;
    const { id } = this.#job;
    const end = await verifySlice(this.#job, {
      object: this.#object,
      parts: store.parts.list(id),
      budget,
      isCancelled: () => !store.isRunning(id),
      verified: (verified) => store.save(verifiedUpTo(store.get(id), verified)),
    });
    if (end === "paused") store.save(pause(store.get(id), Date.now()));
    if (end === "done") store.save(complete(store.get(id), Date.now()));
  }

  /** Tried again later, or failed for good; unless nobody wants it any more. */
  async failed(error: unknown): Promise<void> {
    const { store } = this.#context;
    const latest = store.find(this.#job.id);
    if (latest?.state !== "running") return; // cancelled meanwhile: what failed was for nobody
    const next = retryOrFail(latest, error, Date.now());
    console.error(`Cannot go on with dump ${latest.id} (try ${latest.attempts}):`, error);
    store.save(next);
    if (next.state === "failed") await cleanUp(next, this.#object, store, Date.now());
    else if (next.restarts > latest.restarts) await this.#discardWork(latest);
  }

  /** Nobody wants the job any more: what this turn has left is cleared away, and whoever cancelled it has left that to it. */
  async release(): Promise<void> {
    const { store, background } = this.#context;
    const uploadId = this.#upload?.uploadId ?? this.#job.uploadId;
    const latest = store.find(this.#job.id);
    if (latest === null) {
      background(discardPersistently(this.#object, { ...this.#job, uploadId }));
    } else if (latest.state !== "running" && latest.lease !== null) {
      const ended: Job = { ...latest, lease: null, uploadId, wakeMs: Date.now() };
      store.save(ended);
      await cleanUp(ended, this.#object, store, Date.now());
    }
  }

  async #beginAgain(become: (latest: Job) => Job): Promise<void> {
    const { store } = this.#context;
    const latest = store.get(this.#job.id);
    store.save(pause(become(latest), Date.now()));
    await this.#discardWork(latest);
  }

  /** Begins again with larger parts, where an error says that there are too many. Throws any other error. */
  async #enlarge(error: unknown): Promise<SliceEnd | "restarted"> {
    if (!(error instanceof ExportError) || error.code !== "too_many_parts") throw error;
    const { store, parts = usualParts } = this.#context;
    const job = store.get(this.#job.id);
    const larger = largerParts(job, parts);
    if (larger === null) throw error;
    const anew = await replan(job, this.#context, job.encoding, notes.parts);
    if (store.isRunning(job.id)) await this.#beginAgain((latest) => restartedWithLargerParts(latest, anew, larger));
    return "restarted";
  }

  async #openUpload(): Promise<MultipartUpload> {
    const { store } = this.#context;
    if (this.#job.uploadId !== null) return this.#object.resume(this.#job.uploadId);
    const upload = await this.#object.create(this.#job);
    this.#upload = upload; // whatever becomes of the job, it is known now
    const latest = store.find(this.#job.id);
    if (latest !== null) store.save({ ...latest, uploadId: upload.uploadId });
    return upload;
  }

  /** Where more is changed under the snapshot than may be kept, the job fails, or goes on without it. */
  #watchLimit(snapshot: Snapshot): void {
    const { store } = this.#context;
    if (isWithinLimit(this.#job, snapshot)) return;
    const job = store.get(this.#job.id);
    snapshot.abandon();
    store.save({ ...snapshotAbandoned(job, snapshot.seal), warnings: [...job.warnings, notes.undo] });
  }

  #sliceContext(plan: Plan, upload: MultipartUpload, snapshot: Snapshot): SliceContext {
    const { store } = this.#context;
    const { id } = this.#job;
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
        this.#watchLimit(snapshot);
        expectRoom(store.get(id), this.#context.parts);
      },
    };
  }

  async #complete(upload: MultipartUpload, { pipeline }: Plan): Promise<void> {
    const { store } = this.#context;
    const { id } = this.#job;
    await scheduler.wait(0); // lets the host's requests in: with thousands of tables the last checkpoint took its time, and so does the manifest
    if (!store.isRunning(id)) return;
    const job = store.get(id);
    const parts = store.parts.list(id);
    const sha256 = await compositeOf(parts);
    const noted = job.checkpoint === null ? [] : pipeline.warnings(job.checkpoint.position);
    const warned = { ...job, warnings: [...job.warnings, ...noted, ...changeWarnings(job)] };
    const { size, httpEtag } = await this.#object.publish(warned, upload, parts, manifestOf(warned, parts, sha256));
    const latest = store.find(id);
    if (latest?.state !== "running") return; // cancelled at the last moment
    store.dropUndoLog(id);
    const done = published({ ...warned, attempts: latest.attempts }, { size, etag: httpEtag, sha256 });
    store.save(done.options.verify ? pause(done, Date.now()) : complete(done, Date.now()));
  }

  /** R2 has lost an upload, or holds another than the one that was answered for; should it refuse, it is gone in a week. */
  async #discardWork(job: Job): Promise<void> {
    this.#context.store.dropWork(job.id);
    await this.#object.discard(job).catch((error: unknown) => {
      console.error(`Cannot abort an upload of dump ${job.id}:`, error);
      this.#context.background(discardUploadPersistently(this.#object, job));
    });
  }
}
