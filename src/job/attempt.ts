/** One attempt at the current job: a slice of writing the file, or of reading it back, and what becomes of the job by it. */
import { ExportError, listed } from "../errors.ts";
import type { Plan } from "../file/plan.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import { compositeOf } from "./checksums.ts";
import { resumedSnapshot } from "./job-snapshot.ts";
import {
  complete,
  restartedWithLargerParts,
  mayRestartForSchema,
  pause,
  published,
  retryOrFail,
  verifiedUpTo,
} from "./transitions.ts";
import type { Job } from "./job.ts";
import { manifestOf } from "./manifest.ts";
import { nextPlan, replan } from "./resumed-plan.ts";
import { notes } from "./notes.ts";
import { largerParts, usualParts } from "./part-size.ts";
import { DumpUpload } from "./upload.ts";
import type { JobContext } from "./context.ts";
import { alarmBudget, type SliceEnd } from "./slice-context.ts";
import { SnapshotSlice } from "./snapshot-slice.ts";
import { discardPersistently, discardUploadPersistently, cleanUp } from "./cleanup.ts";
import { verifySlice } from "./verify.ts";

/** Runs one attempt at a job whose slice has started, or fails it for a `reason`. Never throws for what concerns the job alone: that is in its row. */
export async function runAttempt(
  job: Job,
  reason: ExportError | null,
  context: JobContext,
  dump: DumpUpload,
): Promise<void> {
  const attempt = new Attempt(job, context, dump);
  try {
    if (reason !== null) throw reason;
    await (job.result === null ? attempt.write() : attempt.verify());
  } catch (error) {
    await attempt.failed(error);
  }
  await attempt.release();
}

function changeWarnings({ changes }: Job): readonly string[] {
  if (changes === null || changes.changed.length === 0) return [];
  return [`Changed while it was exported, so that rows may be partly old and partly new: ${listed(changes.changed)}`];
}

class Attempt {
  readonly #job: Job;
  readonly #context: JobContext;
  readonly #dump: DumpUpload;
  #upload: MultipartUpload | undefined;

  constructor(job: Job, context: JobContext, dump: DumpUpload) {
    this.#job = job;
    this.#context = context;
    this.#dump = dump;
  }

  /** Writes the next slice of the file, and completes it at its end. */
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
    const failed = (error: unknown) => this.#context.background(this.failed(error));
    const slice = new SnapshotSlice(this.#job, { plan, upload, snapshot, failed }, this.#context);
    const end = await slice.run(budget).catch((error: unknown) => {
      const isSchemaChange = error instanceof ExportError && error.code === "schema_changed";
      const isUnread = store.find(this.#job.id)?.seal === null;
      if (isSchemaChange && (isUnread || mayRestartForSchema(this.#job))) return "paused"; // the next attempt makes a new plan
      return this.#enlarge(error);
    });
    if (end === "paused" && store.isRunning(this.#job.id)) store.save(pause(store.get(this.#job.id), Date.now()));
    if (end === "uploaded") await this.#complete(upload, plan);
  }

  /** Reads the next slice of the finished file back. */
  async verify(): Promise<void> {
    const { store, budget = alarmBudget } = this.#context;
    const { id } = this.#job;
    const end = await verifySlice(this.#job, {
      object: this.#dump,
      parts: store.parts.list(id),
      budget,
      isCancelled: () => !store.isRunning(id),
      verified: (verified) => store.save(verifiedUpTo(store.get(id), verified)),
    });
    if (end === "paused") store.save(pause(store.get(id), Date.now()));
    if (end === "done") store.save(complete(store.get(id), Date.now()));
  }

  /** The job is tried again later, or has failed for good; unless it was cancelled. */
  async failed(error: unknown): Promise<void> {
    const { store } = this.#context;
    const latest = store.find(this.#job.id);
    if (latest?.state !== "running") return; // cancelled meanwhile: nobody needs to hear of the error
    const next = retryOrFail(latest, error, Date.now());
    console.error(`Cannot go on with dump ${latest.id} (try ${latest.attempts}):`, error);
    store.save(next);
    if (next.state === "failed") await cleanUp(next, this.#dump, store, Date.now());
    else if (next.restarts > latest.restarts) await this.#discardWork(latest);
  }

  /** Cleans up where the job was cancelled while this attempt was under way: whoever cancelled it has left that to the attempt. */
  async release(): Promise<void> {
    const { store, background } = this.#context;
    const uploadId = this.#upload?.uploadId ?? this.#job.uploadId;
    const latest = store.find(this.#job.id);
    if (latest === null) {
      background(discardPersistently(this.#dump, { ...this.#job, uploadId }));
    } else if (latest.state !== "running" && latest.lease !== null) {
      const ended: Job = { ...latest, lease: null, uploadId, wakeMs: Date.now() };
      store.save(ended);
      await cleanUp(ended, this.#dump, store, Date.now());
    }
  }

  async #beginAgain(restarted: (latest: Job) => Job): Promise<void> {
    const { store } = this.#context;
    const latest = store.get(this.#job.id);
    store.save(pause(restarted(latest), Date.now()));
    await this.#discardWork(latest);
  }

  /** Begins again with larger parts, where an error says that there are too many. Throws any other error. */
  async #enlarge(error: unknown): Promise<SliceEnd | "restarted"> {
    if (!(error instanceof ExportError) || error.code !== "too_many_parts") throw error;
    const { store, parts = usualParts } = this.#context;
    const job = store.get(this.#job.id);
    const larger = largerParts(job, parts);
    if (larger === null) throw error;
    const planned = await replan(job, this.#context, job.encoding, notes.parts);
    if (store.isRunning(job.id)) await this.#beginAgain((latest) => restartedWithLargerParts(latest, planned, larger));
    return "restarted";
  }

  async #openUpload(): Promise<MultipartUpload> {
    const { store } = this.#context;
    if (this.#job.uploadId !== null) return this.#dump.resume(this.#job.uploadId);
    const upload = await this.#dump.create(this.#job);
    this.#upload = upload; // known from here on, so that `release` can discard it whatever becomes of the job
    const latest = store.find(this.#job.id);
    if (latest !== null) store.save({ ...latest, uploadId: upload.uploadId });
    return upload;
  }

  async #complete(upload: MultipartUpload, { pipeline }: Plan): Promise<void> {
    const { store } = this.#context;
    const { id } = this.#job;
    await scheduler.wait(0); // lets the host's requests in: with thousands of tables the last checkpoint took its time, and so does the manifest
    if (!store.isRunning(id)) return;
    const job = store.get(id);
    const parts = store.parts.list(id);
    const sha256 = await compositeOf(parts);
    const lossWarnings = job.checkpoint === null ? [] : pipeline.warnings(job.checkpoint.position);
    const warned = { ...job, warnings: [...job.warnings, ...lossWarnings, ...changeWarnings(job)] };
    const { size, httpEtag } = await this.#dump.publish(warned, upload, parts, manifestOf(warned, parts, sha256));
    const latest = store.find(id);
    if (latest?.state !== "running") return; // cancelled at the last moment
    store.dropUndoLog(id);
    const done = published({ ...warned, attempts: latest.attempts }, { size, etag: httpEtag, sha256 });
    store.save(done.options.verify ? pause(done, Date.now()) : complete(done, Date.now()));
  }

  /** Discards the upload of a file that is begun again. Where R2 refuses, it deletes the upload itself after a week. */
  async #discardWork(job: Job): Promise<void> {
    this.#context.store.dropWork(job.id);
    await this.#dump.discard(job).catch((error: unknown) => {
      console.error(`Cannot abort an upload of dump ${job.id}:`, error);
      this.#context.background(discardUploadPersistently(this.#dump, job));
    });
  }
}
