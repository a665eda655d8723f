/** One alarm's work: steps through the pipeline, cuts parts, uploads them, and checkpoints each once it is durable. */
import { ExportError } from "../errors.ts";
import { madePerTurn } from "../file/pipeline.ts";
import { KiB, MiB } from "../base/units.ts";
import type { Position } from "../file/pipeline.ts";
import { PartBuffer } from "../sink/part-buffer.ts";
import { digestsOf } from "./checksums.ts";
import { checkpointVersion, type Checkpoint, type Job } from "./job.ts";
import { alarmBudget, type SliceBudget, type SliceContext, type SliceEnd } from "./slice-context.ts";
import { storageError, type SentPart } from "./upload.ts";

/** Bytes rendered between two yields to the host: about 4 ms of plain rendering. */
const yieldBytes = 512 * KiB;

/** As `yieldBytes`, where each byte is packed too: 256 KiB are about 4 ms of deflate at level 6. */
const yieldBytesPacked = 256 * KiB;

/** Bytes of a part up to which the next one is made while it is sent; two of larger ones would be too much memory (docs/decisions/0071). */
const overlapBytes = 6 * MiB;

/** Runs one slice of a job from its checkpoint. */
export async function runSlice(job: Job, context: SliceContext, budget: SliceBudget = alarmBudget): Promise<SliceEnd> {
  const slice = new Slice(job, context);
  const started = Date.now();
  const isSpent = () => slice.rendered >= budget.renderedBytes || Date.now() - started >= budget.ms;
  try {
    await slice.resume();
    while (!slice.position.isDone) {
      await slice.step();
      if (context.isCancelled()) return "cancelled";
      if (isSpent() && !slice.position.isDone) {
        await slice.pause();
        return context.isCancelled() ? "cancelled" : "paused";
      }
    }
    await slice.uploadRest();
    return context.isCancelled() ? "cancelled" : "uploaded";
  } finally {
    await slice.awaitUpload();
  }
}

/** A piece of the end of a file, which may be a hundred lines of a ZIP's directory, is as much work as so many small segments of it. */
const lastPieceSegments = 50;

class Slice {
  position: Position;
  /** Bytes rendered. */
  rendered = 0;
  readonly #job: Job;
  readonly #context: SliceContext;
  readonly #buffer: PartBuffer;
  #crc: number;
  #length: number;
  /** Parts cut so far, the one under way included. */
  #cut: number;
  #underWay: Promise<void> | null = null;
  /** Sent since the last checkpoint. */
  #sent: SentPart[] = [];
  /** Bytes rendered, and segments of the file made, since the host's requests were let in. */
  #sinceYield = 0;
  #made = 0;

  constructor(job: Job, context: SliceContext) {
    this.#job = job;
    this.#context = context;
    this.#buffer = new PartBuffer(job.partBytes);
    this.position = job.checkpoint?.position ?? context.pipeline.start();
    this.#crc = job.checkpoint?.crc ?? 0;
    this.#length = job.checkpoint?.length ?? 0;
    this.#cut = job.checkpoint?.parts ?? 0;
  }

  /** Takes up the bytes that the last checkpoint kept: less than a part. */
  async resume(): Promise<void> {
    for (const piece of this.#context.remainder()) await this.#add(piece);
  }

  /** One step; sends each part that is full, and while one is under way the next is made. */
  async step(): Promise<void> {
    const { pipeline, allRead, isCancelled, crc32 } = this.#context;
    const step = pipeline.step(this.position);
    this.#made += step.read.segment - this.position.segment;
    if (step.read.isDone) allRead();
    const before = this.rendered;
    const cut = this.#cut;
    for (const piece of step.bytes) {
      this.#crc = crc32(piece, this.#crc);
      this.#length += piece.length;
      this.#made += step.read.isDone ? lastPieceSegments : 1;
      const sent = this.#cut;
      await this.#add(piece);
      const hasYielded = await this.#yield(before + step.rendered);
      if ((hasYielded || this.#cut > sent) && isCancelled()) return;
    }
    this.position = step.position;
    await this.#yield(before + step.rendered);
    if (this.#cut > cut) this.#keep();
  }

  /** The last part: whatever is left, even nothing at all if there was no part before it. */
  async uploadRest(): Promise<void> {
    if (this.#buffer.length > 0 || this.#cut === 0) {
      await this.#upload();
      this.#keep();
    }
    await this.awaitUpload();
  }

  /** Waits for the part under way and keeps everything that is not in a part. */
  async pause(): Promise<void> {
    await this.awaitUpload();
    this.#checkpoint(this.#state(), this.#buffer.remainder());
  }

  async awaitUpload(): Promise<void> {
    const underWay = this.#underWay;
    this.#underWay = null;
    await underWay;
  }

  async #add(piece: Uint8Array): Promise<void> {
    for (let offset = 0; offset < piece.length;) {
      offset += this.#buffer.push(piece.subarray(offset));
      if (this.#buffer.isFull) await this.#upload();
    }
  }

  /** Lets the host's requests in, where enough was made since the last time; true if it has. */
  async #yield(rendered: number): Promise<boolean> {
    this.#sinceYield += rendered - this.rendered;
    this.rendered = rendered;
    const most = this.#job.options.compress === "none" ? yieldBytes : yieldBytesPacked;
    if (this.#sinceYield < most && this.#made < madePerTurn) return false;
    this.#sinceYield = 0;
    this.#made = 0;
    await scheduler.wait(0);
    return true;
  }

  async #upload(): Promise<void> {
    await this.awaitUpload();
    this.#cut++;
    if (this.#cut > this.#context.mostParts) {
      throw new ExportError(
        "too_many_parts",
        `Cannot upload part ${this.#cut} of "${this.#job.fileName}": R2 takes ${this.#context.mostParts} parts, of ${this.#job.partBytes} bytes here`,
      );
    }
    const bytes = this.#buffer.take();
    this.#follow(this.#send(this.#cut, bytes));
    if (bytes.length > overlapBytes) await this.awaitUpload(); // two of that size would be too much memory
  }

  /**
   * A checkpoint for the parts that the last step has filled, as soon as R2 has answered for them: there is none inside of a step. All of
   * it is taken now, as the position moves on while the upload is under way.
   */
  #keep(): void {
    const state = this.#state();
    const remainder = this.#buffer.remainder();
    const underWay = this.#underWay;
    this.#follow(Promise.resolve(underWay).then(() => this.#checkpoint(state, remainder)));
  }

  #follow(work: Promise<void>): void {
    this.#underWay = work;
    work.catch(() => {}); // reported by awaitUpload(), which always follows
  }

  async #send(number: number, bytes: Uint8Array): Promise<void> {
    try {
      const [stored, digests] = await Promise.all([this.#context.upload.uploadPart(number, bytes), digestsOf(bytes)]);
      this.#sent.push({ partNumber: stored.partNumber, etag: stored.etag, ...digests });
    } catch (cause) {
      if (this.#context.isCancelled()) return; // cancelled: its upload is gone
      throw storageError(`Cannot upload part ${number} of "${this.#job.fileName}" (${bytes.length} bytes)`, cause);
    }
  }

  #checkpoint(state: Checkpoint, remainder: Uint8Array): void {
    if (this.#context.isCancelled()) return;
    this.#context.checkpoint(state, this.#sent, remainder);
    this.#sent = [];
  }

  #state(): Checkpoint {
    return {
      version: checkpointVersion,
      position: this.position,
      parts: this.#cut,
      crc: this.#crc,
      length: this.#length,
    };
  }
}
