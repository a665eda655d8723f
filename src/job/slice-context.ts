/** What a slice is given: its budget, and what it reads from, writes to and reports to. */
import { MiB } from "../base/units.ts";
import type { Pipeline } from "../file/pipeline.ts";
import type { MultipartUpload } from "../sink/sink.ts";
import type { Checkpoint } from "./job.ts";
import type { SentPart } from "./upload.ts";

/** A slice ends at the first part after this much work, well under the 30 s of CPU that are an alarm's default. */
const sliceMs = 5_000;

/** As `sliceMs`, in bytes rendered: the clock of a Worker stands still while it computes, so time alone is no bound. */
const sliceBytes = 128 * MiB;

/** How much a slice does before it ends: at the first part cut beyond either. */
export interface SliceBudget {
  /** Milliseconds. */
  readonly ms: number;
  /** Bytes as the format renders them, before they are packed. */
  readonly renderedBytes: number;
}

/** The budget of an alarm. */
export const alarmBudget: SliceBudget = { ms: sliceMs, renderedBytes: sliceBytes };

/** What a slice needs from around it. */
export interface SliceContext {
  readonly pipeline: Pipeline;
  readonly upload: MultipartUpload;
  /** Parts of a file at most. */
  readonly mostParts: number;
  readonly crc32: (bytes: Uint8Array, previous: number) => number;
  /** What the last checkpoint kept besides the job: bytes behind the last part. */
  readonly remainder: () => readonly Uint8Array[];
  /** True once somebody has cancelled the job. */
  readonly isCancelled: () => boolean;
  /** Called in the event-loop turn in which the last row is read. */
  readonly allRead: () => void;
  /** Writes a checkpoint, the parts that were sent since the last one, and the remainder, in one event-loop turn: it is synchronous. */
  readonly checkpoint: (checkpoint: Checkpoint, parts: readonly SentPart[], remainder: Uint8Array) => void;
}

/** How a slice ended: with work left, with every part uploaded, or because the job was cancelled. */
export type SliceEnd = "paused" | "uploaded" | "cancelled";
