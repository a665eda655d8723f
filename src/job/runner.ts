/** Runs jobs: starts them, gives the current one a slice when it is due, completes, cancels and deletes. */
import type { Format } from "../../formats/format.ts";
import { objectKey, type ExportOptions } from "../engine.ts";
import { ExportError } from "../errors.ts";
import { fileNameOf, timestamp } from "../layout.ts";
import { watchdogMs } from "../limits.ts";
import { crc32 } from "../pack/crc32.ts";
import { availableDeflate } from "../pack/deflate.ts";
import { countedTables } from "../pipeline.ts";
import { planOf, type Plan } from "../plan.ts";
import type { MultipartUpload, Sink, StoredObject } from "../sink/sink.ts";
import { advance, begin, cancel, complete, partSizeFor, pause, retryOrFail, storedOptions, type Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { alarmBudget, runSlice, type SliceBudget } from "./slice.ts";

/** What a runner works with. */
export interface RunnerContext {
  readonly sql: SqlStorage;
  readonly store: JobStore;
  readonly sink: Sink | undefined;
  readonly formats: readonly Format[];
  readonly objectId: string;
  readonly budget?: SliceBudget | undefined;
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
    const { sql, store, formats } = this.#context;
    this.#sink();
    const startedMs = Date.now();
    const deflate = availableDeflate();
    const { source, layout } = planOf(sql, { ...options, deflate }, formats);
    const job: Job = {
      id: `${timestamp(startedMs)}-${crypto.getRandomValues(new Uint8Array(4)).toHex()}`,
      startedMs,
      state: "running",
      options: storedOptions(options),
      idempotencyKey,
      fileName: fileNameOf(layout, startedMs),
      mediaType: layout.mediaType,
      schemaHash: await sha256(source.fingerprint),
      deflate,
      partBytes: partSizeFor(sql.databaseSize),
      tables: countedTables(layout.parts).map((table) => table.name),
      estimate: source.estimate(),
      warnings: source.schema.warnings,
      uploadId: null,
      checkpoint: null,
      attempts: 0,
      wakeMs: startedMs,
      lease: null,
      finishedMs: null,
      result: null,
      error: null,
    };
    store.add(job);
    return job;
  }

  /** A slice begun in an earlier life of the object never comes back: its job is due at once. */
  async recover(): Promise<void> {
    const { store, wake } = this.#context;
    const job = store.current();
    if (job === null || this.#isBusy || job.lease === this.#life) return;
    const now = Date.now();
    if (job.lease !== null) store.save({ ...job, lease: null, wakeMs: Math.min(job.wakeMs, now) });
    await wake(job.lease === null ? job.wakeMs : now);
  }

  /** When the next slice is due, Unix milliseconds; null with nothing to do. */
  nextWakeMs(): number | null {
    return this.#context.store.current()?.wakeMs ?? null;
  }

  /** Gives the current job a slice, if it is due. */
  async runDue(): Promise<void> {
    const { store, wake } = this.#context;
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
      const end = await runSlice(
        job,
        { ...this.#sliceContext(job, plan), upload },
        this.#context.budget ?? alarmBudget,
      );
      if (end === "paused") store.save(pause(store.get(job.id), Date.now()));
      if (end === "uploaded") await this.#complete(job.id, upload);
    } catch (error) {
      const latest = store.find(job.id);
      if (latest?.state !== "running") return; // cancelled meanwhile: what failed was for nobody
      const next = retryOrFail(latest, error, Date.now());
      console.error(`Cannot go on with dump ${job.id} (try ${latest.attempts}):`, error);
      store.save(next);
      if (next.state === "failed") await this.#abandon(next, upload);
    }
  }

  /** The chain again, over the same schema as at the start. */
  async #plan(job: Job): Promise<Plan> {
    const { sql, formats } = this.#context;
    const format = formats.find((candidate) => candidate.name === job.options.format);
    if (format === undefined)
      throw new TypeError(`Cannot go on with dump ${job.id}: there is no format "${job.options.format}" here`);
    const plan = planOf(sql, { ...job.options, format, deflate: job.deflate }, formats);
    if ((await sha256(plan.source.fingerprint)) !== job.schemaHash) {
      throw new ExportError("schema_changed", "Cannot go on with the export: the schema changed while it ran");
    }
    return plan;
  }

  async #upload(job: Job): Promise<MultipartUpload> {
    const { store, objectId } = this.#context;
    const sink = this.#sink();
    const key = objectKey(objectId, job.id);
    if (job.uploadId !== null) return sink.resumeMultipartUpload(key, job.uploadId);
    const upload = await sink.createMultipartUpload(key, {
      httpMetadata: { contentType: job.mediaType, contentDisposition: `attachment; filename="${job.fileName}"` },
      customMetadata: { dumpId: job.id, format: job.options.format, startedAt: new Date(job.startedMs).toISOString() },
    });
    const latest = store.get(job.id);
    store.save({ ...latest, uploadId: upload.uploadId });
    if (latest.state !== "running") await upload.abort(); // cancelled while it was made
    return upload;
  }

  #sliceContext(job: Job, { pipeline }: Plan) {
    const { store } = this.#context;
    return {
      pipeline,
      crc32,
      remainder: store.remainder(job.id),
      isWanted: () => {
        const latest = store.find(job.id);
        return latest?.state === "running" && latest.lease === this.#life;
      },
      checkpoint: (...[checkpoint, part, remainder]: Parameters<Parameters<typeof runSlice>[1]["checkpoint"]>) => {
        if (part !== null) store.addPart(job.id, part);
        store.setRemainder(job.id, remainder);
        store.save(advance(store.get(job.id), checkpoint));
      },
    };
  }

  async #complete(id: string, upload: MultipartUpload): Promise<void> {
    const { store } = this.#context;
    const job = store.get(id);
    const object = await this.#publish(job, upload);
    const length = job.checkpoint?.length ?? 0;
    if (object.size !== length) {
      throw new ExportError(
        "storage_failed",
        `Cannot complete "${job.fileName}": R2 holds ${object.size} bytes, expected ${length}`,
      );
    }
    const latest = store.find(id);
    if (latest?.state !== "running") {
      await this.#sink().delete(objectKey(this.#context.objectId, id)); // cancelled at the last moment
      return;
    }
    store.clearWork(id);
    store.save(complete(latest, { size: object.size, etag: object.httpEtag }, Date.now()));
  }

  /** Completes the upload. A second `complete` is refused (10024): then the object itself says whether the first one did it. */
  async #publish(job: Job, upload: MultipartUpload): Promise<StoredObject> {
    try {
      return await upload.complete(this.#context.store.parts(job.id));
    } catch (cause) {
      const object = await this.#sink().head(objectKey(this.#context.objectId, job.id));
      if (object?.customMetadata?.["dumpId"] === job.id) return object;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new ExportError("storage_failed", `Cannot complete "${job.fileName}": ${message}`, { cause });
    }
  }

  /** Cancels a running job; takes a finished one away with its object. */
  async delete(id: string): Promise<Job> {
    const { store, objectId } = this.#context;
    const job = store.get(id);
    if (job.state === "running") {
      const cancelled = cancel(job, Date.now());
      store.save(cancelled);
      await this.#abandon(cancelled);
      return cancelled;
    }
    if (job.state === "complete") await this.#sink().delete(objectKey(objectId, id));
    else await this.#abandon(job);
    store.remove(id);
    return job;
  }

  /** Leaves nothing of a job that will not complete: no upload, no parts, no remainder. */
  async #abandon(job: Job, upload?: MultipartUpload): Promise<void> {
    this.#context.store.clearWork(job.id);
    if (job.uploadId === null) return;
    const key = objectKey(this.#context.objectId, job.id);
    await (upload ?? this.#sink().resumeMultipartUpload(key, job.uploadId)).abort();
  }

  #sink(): Sink {
    if (this.#context.sink !== undefined) return this.#context.sink;
    throw new ExportError("no_bucket", "Cannot run an export job: the Exporter was made without a bucket");
  }
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
