/** Runs jobs: starts them, gives the current one a slice when it is due, completes, cancels and deletes. */
import type { Format } from "../../formats/format.ts";
import type { ExportOptions } from "../engine.ts";
import { ExportError } from "../errors.ts";
import { watchdogMs } from "../limits.ts";
import { crc32 } from "../pack/crc32.ts";
import { planOf, type Making, type Plan } from "../plan.ts";
import type { MultipartUpload, Sink } from "../sink/sink.ts";
import { advance, begin, cancel, complete, partSizeFor, pause, retryOrFail, type Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { newJob } from "./new-job.ts";
import { JobObject } from "./object.ts";
import { tidy } from "./tidy.ts";
import { alarmBudget, runSlice, type SliceBudget, type SliceContext } from "./slice.ts";

/** What a runner works with. */
export interface RunnerContext {
  readonly sql: SqlStorage;
  readonly store: JobStore;
  readonly sink: Sink | undefined;
  readonly formats: readonly Format[];
  readonly objectId: string;
  readonly budget?: SliceBudget | undefined;
  /** How long a new job is kept when it is finished, in milliseconds. */
  readonly retentionMs: number;
  /** What new jobs are made with. */
  readonly making: Making;
  /** Makes sure that the object is woken at this time, Unix milliseconds. */
  readonly wake: (at: number) => Promise<void>;
}

/** One life of the object: whoever else holds a lease is gone. */
export class JobRunner {
  readonly #context: RunnerContext;
  readonly #life = crypto.randomUUID();
  #isBusy = false;

  constructor(context: RunnerContext) {
    this.#context = context;
  }

  /** Starts a job; the caller sees to the wake-up. */
  async create(options: ExportOptions, idempotencyKey: string | null): Promise<Job> {
    const { sql, store, formats, making, retentionMs } = this.#context;
    const plan = planOf(sql, { ...options, ...making }, formats);
    const schemaHash = await sha256(plan.source.fingerprint);
    const partBytes = partSizeFor(sql.databaseSize);
    const job = newJob(plan, { options, idempotencyKey, making, retentionMs, schemaHash, partBytes }, Date.now());
    this.#object(job.id); // or there is no bucket to put it in
    store.add(job);
    return job;
  }

  /** A slice begun in an earlier life of the object never comes back: its job is due at once. */
  async recover(): Promise<void> {
    const { store, wake } = this.#context;
    const job = store.current();
    if (this.#isBusy || job?.lease === this.#life) return;
    if (job !== null && job.lease !== null)
      store.save({ ...job, lease: null, wakeMs: Math.min(job.wakeMs, Date.now()) });
    const next = this.nextWakeMs();
    if (next !== null) await wake(next);
  }

  /** When there is something to do next, Unix milliseconds; null with nothing to do. */
  nextWakeMs(): number | null {
    return this.#context.store.nextWakeMs();
  }

  /** Clears away what finished jobs have left, and gives the current job a slice, if it is due. */
  async runDue(): Promise<void> {
    const { store, wake } = this.#context;
    for (const finished of store.untidy(Date.now())) await this.#tidy(finished);
    const job = store.current();
    if (job === null || this.#isBusy || job.wakeMs > Date.now()) return;
    this.#isBusy = true;
    try {
      const watchdogAt = Date.now() + watchdogMs;
      const begun = begin(job, this.#life, watchdogAt);
      store.save(begun);
      await wake(watchdogAt);
      await this.#slice(begun);
    } finally {
      this.#isBusy = false;
    }
  }

  async #slice(job: Job): Promise<void> {
    const { store } = this.#context;
    let upload: MultipartUpload | undefined;
    try {
      const plan = await this.#plan(job);
      upload = await this.#upload(job);
      const end = await runSlice(job, this.#sliceContext(job, plan, upload), this.#context.budget ?? alarmBudget);
      if (end === "paused") store.save(pause(store.get(job.id), Date.now()));
      if (end === "uploaded") await this.#complete(job.id, upload, plan);
    } catch (error) {
      const latest = store.find(job.id);
      if (latest === null) await upload?.abort(); // the host has deleted all, and the job with it
      if (latest?.state !== "running") return; // cancelled meanwhile: what failed was for nobody
      const next = retryOrFail(latest, error, Date.now());
      console.error(`Cannot go on with dump ${job.id} (try ${latest.attempts}):`, error);
      store.save(next);
      if (next.state === "failed") await this.#tidy(next);
      else if (next.restarts > latest.restarts) await this.#giveUp(latest);
    }
  }

  /** The chain again, over the same schema as at the start. */
  async #plan(job: Job): Promise<Plan> {
    const { sql, formats } = this.#context;
    const format = formats.find((candidate) => candidate.name === job.options.format);
    if (format === undefined)
      throw new TypeError(`Cannot go on with dump ${job.id}: there is no format "${job.options.format}" here`);
    const plan = planOf(sql, { ...job.options, format, ...job.making }, formats);
    if ((await sha256(plan.source.fingerprint)) !== job.schemaHash) {
      throw new ExportError("schema_changed", "Cannot go on with the export: the schema changed while it ran");
    }
    return plan;
  }

  async #upload(job: Job): Promise<MultipartUpload> {
    const { store } = this.#context;
    const object = this.#object(job.id);
    if (job.uploadId !== null) return object.resume(job.uploadId);
    const upload = await object.create(job);
    const latest = store.get(job.id);
    store.save({ ...latest, uploadId: upload.uploadId });
    if (latest.state !== "running") await upload.abort(); // cancelled while it was made
    return upload;
  }

  #sliceContext(job: Job, { pipeline }: Plan, upload: MultipartUpload): SliceContext {
    const { store } = this.#context;
    return {
      pipeline,
      upload,
      crc32,
      remainder: store.remainder(job.id),
      isWanted: () => store.isRunning(job.id),
      checkpoint: (checkpoint, part, remainder) => {
        if (part !== null) store.addPart(job.id, part);
        store.setRemainder(job.id, remainder);
        store.save(advance(store.get(job.id), checkpoint));
      },
    };
  }

  async #complete(id: string, upload: MultipartUpload, { pipeline }: Plan): Promise<void> {
    const { store } = this.#context;
    const object = this.#object(id);
    const { size, httpEtag } = await object.publish(store.get(id), upload, store.parts(id));
    const latest = store.find(id);
    if (latest?.state !== "running") {
      await object.delete(); // cancelled at the last moment
      return;
    }
    store.clearWork(id);
    const noted = latest.checkpoint === null ? [] : pipeline.warnings(latest.checkpoint.position);
    store.save(complete(latest, { size, etag: httpEtag }, noted, Date.now()));
  }

  /** Cancels a running job; takes a finished one away with its object. */
  async delete(id: string): Promise<Job> {
    const { store } = this.#context;
    const job = store.get(id);
    if (job.state === "running") {
      const cancelled = cancel(job, Date.now());
      store.save(cancelled);
      await this.#tidy(cancelled);
      return store.get(id);
    }
    if (job.state === "complete") await this.#object(id).delete();
    else await this.#object(id).abandon(job);
    store.remove(id);
    return job;
  }

  /** R2 has lost an upload, or holds another than the one that was answered for; should it refuse, it is gone in a week. */
  async #giveUp(job: Job): Promise<void> {
    this.#context.store.clearWork(job.id);
    await this.#object(job.id)
      .abandon(job)
      .catch((error: unknown) => console.error(`Cannot abort an upload of dump ${job.id}:`, error));
  }

  async #tidy(job: Job): Promise<void> {
    await tidy(job, this.#object(job.id), this.#context.store, Date.now());
  }

  #object(id: string): JobObject {
    const { sink, objectId } = this.#context;
    if (sink !== undefined) return new JobObject(sink, objectId, id);
    throw new ExportError("no_bucket", "Cannot run an export job: the Exporter was made without a bucket");
  }
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
