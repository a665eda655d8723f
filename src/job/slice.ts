/** One alarm's work: steps through the pipeline, cuts parts, uploads them, and checkpoints each once it is durable. */
import { ExportError } from "../errors.ts";
import { maxParts, sliceBytes, sliceMs, yieldBytes, yieldBytesDeflated } from "../limits.ts";
import type { Pipeline, Position } from "../pipeline.ts";
import { PartBuffer } from "../sink/part-buffer.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import { digestsOf } from "./checksums.ts";
import type { Checkpoint, Job } from "./job.ts";
import { storageError, type SentPart } from "./object.ts";

/** How much a slice does before it ends: at the first part cut beyond either. */
export interface SliceBudget {
  readonly ms: number;
  readonly renderedBytes: number;
}

/** The budget of an alarm. */
export const alarmBudget: SliceBudget = { ms: sliceMs, renderedBytes: sliceBytes };

/** What a slice needs from around it. */
export interface SliceContext {
  readonly pipeline: Pipeline;
  readonly upload: MultipartUpload;
  readonly crc32: (bytes: Uint8Array, previous: number) => number;
  /** What the last checkpoint kept besides the job: bytes behind the last part. */
  readonly remainder: readonly Uint8Array[];
  /** True as long as nobody has cancelled the job. */
  readonly isWanted: () => boolean;
  /** Called in the turn in which the last row is read. */
  readonly allRead: () => void;
  /** Writes a checkpoint, the part that made it and the remainder, in one synchronous turn. */
  readonly checkpoint: (checkpoint: Checkpoint, part: SentPart | null, remainder: Uint8Array) => void;
}

/** How a slice ended: with work left, with every part uploaded, or because nobody wants the job any more. */
export type SliceEnd = "paused" | "uploaded" | "unwanted";

/** Runs one slice of a job from its checkpoint. */
export async function runSlice(job: Job, context: SliceContext, budget: SliceBudget = alarmBudget): Promise<SliceEnd> {
  const slice = new Slice(job, context);
  const started = Date.now();
  const yieldAt = job.options.gzip ? yieldBytesDeflated : yieldBytes;
  let [rendered, sinceYield] = [0, 0];
  const isSpent = () => rendered >= budget.renderedBytes || Date.now() - started >= budget.ms;
  try {
    while (!slice.position.isDone) {
      const bytes = slice.step();
      rendered += bytes;
      sinceYield += bytes;
      if (sinceYield >= yieldAt) {
        sinceYield = 0;
        await scheduler.wait(0); // lets the host's requests in
        if (!context.isWanted()) return "unwanted";
      }
      await slice.uploadFullParts();
      if (!context.isWanted()) return "unwanted";
      if (isSpent() && !slice.position.isDone) {
        await slice.pause();
        return context.isWanted() ? "paused" : "unwanted";
      }
    }
    await slice.uploadRest();
    return context.isWanted() ? "uploaded" : "unwanted";
  } finally {
    await slice.settle();
  }
}

class Slice {
  position: Position;
  readonly #job: Job;
  readonly #context: SliceContext;
  readonly #buffer: PartBuffer;
  #crc: number;
  #length: number;
  /** Parts cut so far, the one under way included. */
  #cut: number;
  #underWay: Promise<void> | null = null;

  constructor(job: Job, context: SliceContext) {
    this.#job = job;
    this.#context = context;
    this.#buffer = new PartBuffer(job.partBytes);
    this.position = job.checkpoint?.position ?? context.pipeline.start();
    this.#crc = job.checkpoint?.crc ?? 0;
    this.#length = job.checkpoint?.length ?? 0;
    this.#cut = job.checkpoint?.parts ?? 0;
    for (const bytes of context.remainder) this.#buffer.push(bytes);
  }

  /** One step; gives the bytes rendered. */
  step(): number {
    const { bytes, position, rendered } = this.#context.pipeline.step(this.position);
    if (position.isDone) this.#context.allRead();
    for (const piece of bytes) {
      this.#crc = this.#context.crc32(piece, this.#crc);
      this.#length += piece.length;
      this.#buffer.push(piece);
    }
    this.position = position;
    return rendered;
  }

  /** Sends each full part; while one is under way the next is made. */
  async uploadFullParts(): Promise<void> {
    while (this.#buffer.isFull) await this.#upload(this.#buffer.take());
  }

  /** The last part: whatever is left, even nothing at all if there was no part before it. */
  async uploadRest(): Promise<void> {
    if (this.#buffer.length > 0 || this.#cut === 0) await this.#upload(this.#buffer.take());
    await this.settle();
  }

  /** Waits for the part under way and keeps everything that is not in a part. */
  async pause(): Promise<void> {
    await this.settle();
    if (this.#context.isWanted()) this.#context.checkpoint(this.#state(), null, this.#buffer.remainder());
  }

  async settle(): Promise<void> {
    const underWay = this.#underWay;
    this.#underWay = null;
    await underWay;
  }

  async #upload(bytes: Uint8Array): Promise<void> {
    await this.settle();
    this.#cut++;
    if (this.#cut > maxParts) {
      throw new ExportError(
        "too_many_parts",
        `Cannot upload part ${this.#cut} of "${this.#job.fileName}": R2 takes ${maxParts} parts, of ${this.#job.partBytes} bytes here`,
      );
    }
    // All of this is taken now: the position moves on while the upload is under way.
    const [number, state, remainder] = [this.#cut, this.#state(), this.#buffer.remainder()];
    this.#underWay = this.#send(number, bytes, state, remainder);
    this.#underWay.catch(() => {}); // reported by settle(), which always follows
  }

  async #send(number: number, bytes: Uint8Array, state: Checkpoint, remainder: Uint8Array): Promise<void> {
    let part: SentPart;
    try {
      const [stored, digests] = await Promise.all([this.#context.upload.uploadPart(number, bytes), digestsOf(bytes)]);
      part = { partNumber: stored.partNumber, etag: stored.etag, ...digests };
    } catch (cause) {
      if (!this.#context.isWanted()) return; // cancelled: its upload is gone
      throw storageError(`Cannot upload part ${number} of "${this.#job.fileName}" (${bytes.length} bytes)`, cause);
    }
    if (this.#context.isWanted()) this.#context.checkpoint(state, part, remainder);
  }

  #state(): Checkpoint {
    return { position: this.position, parts: this.#cut, crc: this.#crc, length: this.#length };
  }
}
