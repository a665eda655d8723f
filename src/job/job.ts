/** A job: what is kept of it, and how its state changes. Pure; the tables and the clock are elsewhere. */
import type { ExportOptions, JobOptions } from "../engine.ts";
import { newCallback, type Callback } from "./callback.ts";
import { ExportError, type ExportErrorCode } from "../errors.ts";
import {
  backoffMs,
  MiB,
  maxAttempts,
  maxParts,
  maxResets,
  maxRestarts,
  neverMs,
  partBytes,
  renderedPerStored,
  stalledMs,
  watchdogMs,
} from "../limits.ts";
import type { Position } from "../pipeline.ts";
import type { Making } from "../plan.ts";
import type { Estimate } from "../source/source.ts";
import type { Changes } from "../source/watch.ts";

/** Options as they are kept: a format by its name. */
export type StoredOptions = Omit<Required<ExportOptions>, "format"> &
  Required<JobOptions> & { readonly format: string };

/** What a job rests on from one slice to the next. Nothing in it is ahead of what is durable. */
export interface Checkpoint {
  readonly position: Position;
  /** Parts that R2 has answered for; their etags are in a table of their own. */
  readonly parts: number;
  /** CRC-32 and length in bytes of the file in front of the position, the remainder included. */
  readonly crc: number;
  readonly length: number;
}

/** Everything about one job but its etags and its remainder. */
export interface Job {
  readonly id: string;
  readonly startedMs: number;
  readonly state: "running" | "complete" | "failed" | "cancelled";
  readonly options: StoredOptions;
  readonly idempotencyKey: string | null;
  readonly fileName: string;
  readonly mediaType: string;
  /** SHA-256 of the schema's fingerprint at the start. */
  readonly schemaHash: string;
  readonly making: Making;
  readonly partBytes: number;
  readonly tables: readonly string[];
  readonly estimate: Estimate;
  /** Size of the database when it was planned. */
  readonly databaseBytes: number;
  /** Rows are read as they are. */
  readonly isFuzzy: boolean;
  /** Since when rows are kept as they were, Unix milliseconds; null as long as they are not. */
  readonly snapshotMs: number | null;
  readonly warnings: readonly string[];
  readonly uploadId: string | null;
  readonly checkpoint: Checkpoint | null;
  /** How often it began again, as R2 had lost its parts. */
  readonly restarts: number;
  /** It began again, as the schema had changed. */
  readonly isRemade: boolean;
  /** Slices begun since the last progress. */
  readonly attempts: number;
  /** When the first of them began, Unix milliseconds; null with no slice begun. */
  readonly triedMs: number | null;
  /** When there is something to do for it next, Unix milliseconds: a slice, or clearing away. */
  readonly wakeMs: number;
  /** Which life of the object has begun a slice that has not come back. */
  readonly lease: string | null;
  readonly finishedMs: number | null;
  /** The call that tells of its end; null before it, or if nobody wants to be told. */
  readonly callback: Callback | null;
  /** How long it is kept when it is finished, in milliseconds. */
  readonly retentionMs: number;
  /** Of the file that stands in R2; while the job still runs it is being read back. */
  readonly result: { readonly size: number; readonly etag: string; readonly sha256: string } | null;
  /** What changed under the export, once all rows are read. */
  readonly changes: Changes | null;
  /** Parts that were read back and were what was sent. */
  readonly verified: number;
  readonly error: { readonly code: ExportErrorCode; readonly message: string } | null;
}

/** What a job takes from the plan that it follows. */
export type Planned = Pick<Job, "schemaHash" | "mediaType" | "tables" | "estimate" | "databaseBytes" | "warnings">;

/** The size of a job's parts in bytes: sized up where 10,000 of the usual size could be too few. */
export function partSizeFor(databaseBytes: number): number {
  return Math.max(partBytes, Math.ceil((databaseBytes * renderedPerStored) / maxParts / MiB) * MiB);
}

/** The options in the form that is kept. */
export function storedOptions(options: ExportOptions & JobOptions): StoredOptions {
  const {
    format,
    gzip,
    tables,
    exclude,
    content,
    chosen = {},
    consistency = "snapshot",
    onUndoLimit = "fail",
    verify = false,
    onSchemaChange = "fail",
    callback = null,
  } = options;
  return {
    format: format.name,
    gzip,
    tables,
    exclude,
    content,
    chosen,
    consistency,
    onUndoLimit,
    verify,
    onSchemaChange,
    callback,
  };
}

/** A slice begins: the attempt is counted before it can fail, and a watchdog is due in case it never comes back. */
export function begin(job: Job, lease: string, now: number): Job {
  const triedMs = job.triedMs ?? now;
  return { ...job, attempts: job.attempts + 1, triedMs, lease, wakeMs: now + watchdogMs };
}

/** Why another slice is not worth it: they have all gone without a trace, or a day has gone by; null if it is. */
export function stalled(job: Job, now: number): ExportError | null {
  if (job.triedMs === null || (job.attempts < maxResets && now - job.triedMs < stalledMs)) return null;
  const since = new Date(job.triedMs).toISOString();
  const message = `Cannot go on: ${job.attempts} slices since ${since} ended without progress and without an error, as when the object is reset; it may need more memory or CPU time than it has`;
  return new ExportError("stalled", message);
}

/** A checkpoint is durable: that is progress. */
export function advance(job: Job, checkpoint: Checkpoint): Job {
  return { ...job, checkpoint, attempts: 0, triedMs: null };
}

/** A slice ended with work left. */
export function pause(job: Job, now: number): Job {
  return { ...job, attempts: 0, triedMs: null, lease: null, wakeMs: now };
}

/** The upload is gone, or its parts are others than those that were answered for: all of it is made again, in a new one. */
export function restart(job: Job): Job {
  return { ...job, uploadId: null, checkpoint: null, snapshotMs: null, restarts: job.restarts + 1 };
}

/** The schema is another one: all of it is made again, as it is now. */
export function remade(job: Job, planned: Planned): Job {
  return { ...restart(job), ...planned, isRemade: true, restarts: job.restarts };
}

/** Whether a change of the schema may be answered by beginning again. */
export function mayBeRemade({ options, isRemade }: Job): boolean {
  return options.onSchemaChange === "restart" && !isRemade;
}

/** Trying again finds the same. */
const finalCodes: ReadonlySet<ExportErrorCode> = new Set([
  "schema_changed",
  "stalled",
  "snapshot_too_old",
  "data_unreadable",
  "too_many_parts",
  "checksum_mismatch",
  "object_missing",
  "no_bucket",
]);

/** A slice failed: tried again later, or for good if it was the last try or trying again cannot help. */
export function retryOrFail(job: Job, error: unknown, now: number): Job {
  const known = error instanceof ExportError;
  const message = error instanceof Error ? error.message : String(error);
  const isLost = known && error.code === "upload_lost";
  const isFinal = (known && finalCodes.has(error.code)) || (isLost && job.restarts >= maxRestarts);
  if (!isFinal && job.attempts < maxAttempts) {
    const next = isLost ? restart(job) : job;
    return { ...next, lease: null, wakeMs: now + backoffMs(Math.max(1, job.attempts)) };
  }
  const code: ExportErrorCode = known ? error.code : "storage_failed";
  const tries = isFinal ? "" : ` (after ${job.attempts} tries)`;
  return { ...finish(job, now), state: "failed", error: { code, message: `${message}${tries}` } };
}

/** Rows are kept from now on. */
export function frozen(job: Job, now: number): Job {
  return { ...job, snapshotMs: job.isFuzzy ? null : now };
}

/** It goes on without a snapshot. */
export function thawed(job: Job): Job {
  return { ...job, isFuzzy: true, snapshotMs: null };
}

/** The file is whole and in its place; there is no upload any more. */
export function published(job: Job, result: Job["result"]): Job {
  return { ...job, result, uploadId: null };
}

/** So many parts have been read back: that is progress. */
export function verifiedUpTo(job: Job, verified: number): Job {
  return { ...job, verified, attempts: 0, triedMs: null };
}

/** Nothing is left to do. */
export function complete(job: Job, now: number): Job {
  return { ...tidied(finish(job, now)), state: "complete" };
}

/** The caller wants no more of it. */
export function cancel(job: Job, now: number): Job {
  return { ...finish(job, now), state: "cancelled" };
}

/** There is nothing left of its work but what it is kept for. */
export function tidied(job: Job): Job {
  return { ...job, uploadId: null, attempts: 0, wakeMs: expiresMs(job) };
}

/** When a finished job is taken away with its object, Unix milliseconds. */
export function expiresMs({ finishedMs, retentionMs }: Job): number {
  return Math.min((finishedMs ?? neverMs) + retentionMs, neverMs);
}

/** What it has left is cleared away at once. */
function finish(job: Job, now: number): Job {
  const callback = job.options.callback === null ? null : newCallback(now);
  return { ...job, lease: null, attempts: 0, finishedMs: now, wakeMs: now, callback };
}
