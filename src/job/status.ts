/** A job as its status shows it. */
import type { JobState, JobStatus, Progress } from "../api.ts";
import { neverMs } from "../base/waits.ts";
import { isSummary } from "./job-summary.ts";
import type { Delivery } from "../webhook/delivery.ts";
import { expiresMs } from "./transitions.ts";
import type { Job } from "./job.ts";
import { consistencyOf, crcOf, needsOf, rowsOf } from "./manifest.ts";
import { progressNow } from "./progress.ts";

/** Status of a job; one that is running may still wait for the ones before it. `parts` are the SHA-256 of its parts, where they are wanted. */
export function statusOf(job: Job, isFirst: boolean, now: number, parts?: readonly string[]): JobStatus {
  const status: JobState = job.state === "running" && !isFirst ? "queued" : job.state;
  return {
    dumpId: job.id,
    status,
    format: job.options.format,
    compress: job.options.compress,
    gzip: job.options.compress === "gzip",
    fileName: job.fileName,
    startedAt: new Date(job.startedMs).toISOString(),
    finishedAt: job.finishedMs === null ? null : new Date(job.finishedMs).toISOString(),
    expiresAt: job.finishedMs === null || expiresMs(job) === neverMs ? null : new Date(expiresMs(job)).toISOString(),
    progress: progressOf(job, now),
    ...needsOf(job),
    warnings: job.warnings,
    snapshotAt: job.snapshotMs === null ? null : new Date(job.snapshotMs).toISOString(),
    ...(job.state === "complete" && consistencyOf(job)),
    ...(job.options.callback !== null && { callback: callbackOf(job.options.callback, job.delivery) }),
    ...(job.result !== null &&
      job.state === "complete" && {
        result: {
          ...job.result,
          crc32: crcOf(job),
          partBytes: job.partBytes,
          ...(parts !== undefined && { parts }),
          verified: job.options.verify,
          ...(!isSummary(job) && { rows: rowsOf(job) }),
        },
      }),
    ...(job.error !== null && { error: job.error }),
  };
}

function callbackOf(url: string, callback: Delivery | null): NonNullable<JobStatus["callback"]> {
  const { attempts, dueMs, error } = callback ?? { attempts: 0, dueMs: 0, error: null };
  return { url, status: dueMs !== null ? "waiting" : error === null ? "delivered" : "failed", attempts, error };
}

function progressOf(job: Job, now: number): Progress {
  const { share: done, tablesDone, tables, rows } = isSummary(job) ? job.summary : progressNow(job);
  const bytes = job.checkpoint?.length ?? 0;
  const seconds = Math.max(0.001, ((job.finishedMs ?? now) - job.startedMs) / 1000);
  const share = job.state === "complete" ? 1 : done;
  return {
    tablesDone,
    tables,
    rows,
    bytes,
    percent: Math.round(share * 1000) / 10,
    bytesPerSecond: Math.round(bytes / seconds),
    secondsLeft: job.state === "running" && share > 0.01 ? Math.round((seconds * (1 - share)) / share) : null,
  };
}
