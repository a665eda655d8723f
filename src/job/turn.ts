/** One turn of the current job: a slice of the file, or of reading it back, and what becomes of the job by it. */
import { ExportError } from "../errors.ts";
import { crc32 } from "../pack/crc32.ts";
import { planOf, type Plan } from "../plan.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import { compositeOf, sha256Hex } from "./checksums.ts";
import { advance, complete, pause, published, retryOrFail, type Job } from "./job.ts";
import { manifestOf } from "./manifest.ts";
import { JobObject } from "./object.ts";
import type { RunnerContext } from "./runner.ts";
import { alarmBudget, runSlice, type SliceContext } from "./slice.ts";
import { tidy } from "./tidy.ts";
import { verifySlice } from "./verify.ts";

/** Gives a job that has begun a slice its turn. Never throws for what concerns the job alone: that is in its row. */
export async function takeTurn(job: Job, context: RunnerContext, object: JobObject): Promise<void> {
  const turn = new Turn(job, context, object);
  try {
    await (job.result === null ? turn.write() : turn.verify());
  } catch (error) {
    await turn.failed(error);
  }
}

class Turn {
  readonly #job: Job;
  readonly #context: RunnerContext;
  readonly #object: JobObject;
  #upload: MultipartUpload | undefined;

  constructor(job: Job, context: RunnerContext, object: JobObject) {
    this.#job = job;
    this.#context = context;
    this.#object = object;
  }

  /** Makes the next stretch of the file, and completes it at its end. */
  async write(): Promise<void> {
    const { store, budget = alarmBudget } = this.#context;
    const plan = await this.#plan();
    const upload = await this.#openUpload();
    this.#upload = upload;
    const end = await runSlice(this.#job, this.#sliceContext(plan, upload), budget);
    if (end === "paused") store.save(pause(store.get(this.#job.id), Date.now()));
    if (end === "uploaded") await this.#complete(upload, plan);
  }

  /** Reads the next stretch of the finished file back. */
  async verify(): Promise<void> {
    const { store, budget = alarmBudget } = this.#context;
    const { id } = this.#job;
    const end = await verifySlice(this.#job, {
      object: this.#object,
      parts: store.parts(id),
      budget,
      isWanted: () => store.isRunning(id),
      verified: (verified) => store.save({ ...store.get(id), verified, attempts: 0 }),
    });
    if (end === "paused") store.save(pause(store.get(id), Date.now()));
    if (end === "done") store.save(complete(store.get(id), Date.now()));
  }

  /** Tried again later, or failed for good; unless nobody wants it any more. */
  async failed(error: unknown): Promise<void> {
    const { store } = this.#context;
    const latest = store.find(this.#job.id);
    if (latest === null) await this.#upload?.abort(); // the host has deleted all, and the job with it
    if (latest?.state !== "running") return; // cancelled meanwhile: what failed was for nobody
    const next = retryOrFail(latest, error, Date.now());
    console.error(`Cannot go on with dump ${latest.id} (try ${latest.attempts}):`, error);
    store.save(next);
    if (next.state === "failed") await tidy(next, this.#object, store, Date.now());
    else if (next.restarts > latest.restarts) await this.#giveUp(latest);
  }

  /** The chain again, over the same schema as at the start. */
  async #plan(): Promise<Plan> {
    const { sql, formats } = this.#context;
    const { id, options, making, schemaHash } = this.#job;
    const format = formats.find((candidate) => candidate.name === options.format);
    if (format === undefined)
      throw new TypeError(`Cannot go on with dump ${id}: there is no format "${options.format}" here`);
    const plan = planOf(sql, { ...options, format, ...making }, formats);
    if ((await sha256Hex(plan.source.fingerprint)) !== schemaHash) {
      throw new ExportError("schema_changed", "Cannot go on with the export: the schema changed while it ran");
    }
    return plan;
  }

  async #openUpload(): Promise<MultipartUpload> {
    const { store } = this.#context;
    if (this.#job.uploadId !== null) return this.#object.resume(this.#job.uploadId);
    const upload = await this.#object.create(this.#job);
    const latest = store.get(this.#job.id);
    store.save({ ...latest, uploadId: upload.uploadId });
    if (latest.state !== "running") await upload.abort(); // cancelled while it was made
    return upload;
  }

  #sliceContext({ pipeline }: Plan, upload: MultipartUpload): SliceContext {
    const { store } = this.#context;
    const { id } = this.#job;
    return {
      pipeline,
      upload,
      crc32,
      remainder: store.remainder(id),
      isWanted: () => store.isRunning(id),
      checkpoint: (checkpoint, part, remainder) => {
        if (part !== null) store.addPart(id, part);
        store.setRemainder(id, remainder);
        store.save(advance(store.get(id), checkpoint));
      },
    };
  }

  async #complete(upload: MultipartUpload, { pipeline }: Plan): Promise<void> {
    const { store } = this.#context;
    const { id } = this.#job;
    const [job, parts] = [store.get(id), store.parts(id)];
    const sha256 = await compositeOf(parts);
    const noted = job.checkpoint === null ? [] : pipeline.warnings(job.checkpoint.position);
    const warned = { ...job, warnings: [...job.warnings, ...noted] };
    const { size, httpEtag } = await this.#object.publish(warned, upload, parts, manifestOf(warned, parts, sha256));
    const latest = store.find(id);
    if (latest?.state !== "running") {
      await this.#object.delete(); // cancelled at the last moment
      return;
    }
    store.clearRemainder(id);
    const done = published({ ...warned, attempts: latest.attempts }, { size, etag: httpEtag, sha256 });
    store.save(done.options.verify ? pause(done, Date.now()) : complete(done, Date.now()));
  }

  /** R2 has lost an upload, or holds another than the one that was answered for; should it refuse, it is gone in a week. */
  async #giveUp(job: Job): Promise<void> {
    this.#context.store.clearWork(job.id);
    await this.#object
      .abandon(job)
      .catch((error: unknown) => console.error(`Cannot abort an upload of dump ${job.id}:`, error));
  }
}
