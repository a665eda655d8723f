/** How a job changes: each of these gives the job as it is afterwards. Pure; the runner and its attempts decide when to call them. */
import { ExportError, type ExportErrorCode } from "../errors.ts";
import { backoffMs, neverMs, watchdogMs } from "../base/waits.ts";
import { newDelivery } from "../webhook/delivery.ts";
import { notesOf } from "./notes.ts";
import type { EncodingSettings } from "../file/plan.ts";
import type { Seal } from "../snapshot/seal.ts";
import type { Checkpoint, Job, Planned } from "./job.ts";

/** Tries without progress before a job fails for good; with `backoffMs` that is about half an hour. */
const maxAttempts = 12;

/** Slices that may end without progress and without an error, as they do when the object is reset. The watchdog takes 15 s to notice each. */
const maxResets = 100;

/** A job fails when its slices have made no progress for so long, in milliseconds. */
const stalledMs = 24 * 60 * 60_000;

/** How often a job may begin again because R2 no longer has its parts; after that something is wrong for good. */
export const maxRestarts = 3;

/** A slice begins: the attempt is counted before it can fail, and a watchdog is due in case it never comes back. */
export function sliceStarted(job: Job, lease: string, now: number): Job {
  const triedMs = job.triedMs ?? now;
  return { ...job, attempts: job.attempts + 1, triedMs, lease, wakeMs: now + watchdogMs };
}

/** The error for a job that another slice would not help: too many have ended without progress and without an error, or a day has gone by. Null if it may have one. */
export function stalledError(job: Job, now: number): ExportError | null {
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

/** The upload is gone, or its parts are others than those that were answered for: the whole file is made again, in a new one. */
function restart(job: Job): Job {
  return { ...job, uploadId: null, checkpoint: null, seal: null, snapshotMs: null, restarts: job.restarts + 1 };
}

/** The schema has changed: the file is made again, with the new one. */
export function restartedForSchema(job: Job, planned: Replanned): Job {
  return { ...restart(job), ...planned, hasRestartedForSchema: true, restarts: job.restarts };
}

/** Nothing is read yet, and the plan is out of date. */
export function replanned(job: Job, planned: Replanned): Job {
  const warnings = [...planned.warnings, ...notesOf(job.warnings)];
  return { ...restart(job), ...planned, warnings, restarts: job.restarts };
}

/** A deploy has changed what the code makes of the data: the file is made again, by the new code. */
export function restartedForCode(job: Job, planned: Replanned, encoding: EncodingSettings): Job {
  return { ...restart(job), ...planned, encoding };
}

/** The file needs more parts than R2 takes: it is made again, in larger ones. */
export function restartedWithLargerParts(job: Job, planned: Replanned, partBytes: number): Job {
  return { ...restart(job), ...planned, partBytes, restarts: job.restarts };
}

type Replanned = Planned & Pick<Job, "fileName">;

/** Whether a change of the schema may be answered by beginning again. */
export function mayRestartForSchema({ options, hasRestartedForSchema }: Job): boolean {
  return options.onSchemaChange === "restart" && !hasRestartedForSchema;
}

/** Errors that a retry cannot fix. */
const finalCodes: ReadonlySet<ExportErrorCode> = new Set([
  "schema_changed",
  "plan_changed",
  "stalled",
  "snapshot_too_old",
  "name_taken",
  "data_unreadable",
  "too_many_parts",
  "checksum_mismatch",
  "object_missing",
  "no_bucket",
]);

/** A slice failed: tried again later, or for good if it was the last try, or if a retry cannot help. */
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

/** The snapshot has begun: changed rows are kept from now on; of a fuzzy job, changes are tracked. */
export function snapshotStarted(job: Job, seal: Seal, now: number): Job {
  return { ...job, seal, snapshotMs: job.isFuzzy ? null : now };
}

/** It goes on without a snapshot. */
export function snapshotAbandoned(job: Job, seal: Seal | null): Job {
  return { ...job, seal, isFuzzy: true, snapshotMs: null };
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
  return { ...cleanedUp(finish(job, now)), state: "complete" };
}

/** Cancelled by the caller. An attempt that is under way cleans up when it comes back, or the next wake-up does if it never comes back. */
export function cancel(job: Job, now: number): Job {
  const { lease } = job;
  const cancelled: Job = { ...finish(job, now), state: "cancelled", lease, mayHaveMore: lease !== null };
  return lease === null ? cancelled : { ...cancelled, wakeMs: now + watchdogMs };
}

/** Its status is no longer shown either; the row goes when all is cleaned up. */
export function deleted(job: Job): Job {
  return { ...job, isDeleted: true };
}

/** Nothing is left of its work but what it is kept for. */
export function cleanedUp(job: Job): Job {
  return { ...job, lease: null, uploadId: null, mayHaveMore: false, attempts: 0, wakeMs: expiresMs(job) };
}

/** When a finished job is deleted with its object, Unix milliseconds. */
export function expiresMs({ finishedMs, retentionMs }: Job): number {
  return Math.min((finishedMs ?? neverMs) + retentionMs, neverMs);
}

/** Its clean-up is due at once, and so is its callback. */
function finish(job: Job, now: number): Job {
  const delivery = job.options.callback === null ? null : newDelivery(now);
  return { ...job, lease: null, attempts: 0, finishedMs: now, wakeMs: now, delivery };
}
