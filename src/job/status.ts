/** A job as its status shows it. */
import type { JobState, JobStatus, Progress } from "../engine.ts";
import { shareDone } from "../source/source.ts";
import { neverMs } from "../limits.ts";
import type { Callback } from "./callback.ts";
import { expiresMs } from "./transitions.ts";
import type { Job } from "./job.ts";
import { consistencyOf, crcOf, rowsOf } from "./manifest.ts";

/** Status of a job; one that is running may still wait for the ones before it. `parts` are the SHA-256 of its parts, where they are wanted. */
export function statusOf(job: Job, isFirst: boolean, now: number, parts?: readonly string[]): JobStatus {
  const status: JobState = job.state === "running" && !isFirst ? "queued" : job.state;
  return {
    dumpId: job.id,
    status,
    format: job.options.format,
    gzip: job.options.gzip,
    fileName: job.fileName,
    startedAt: new Date(job.startedMs).toISOString(),
    finishedAt: job.finishedMs === null ? null : new Date(job.finishedMs).toISOString(),
    expiresAt: job.finishedMs === null || expiresMs(job) === neverMs ? null : new Date(expiresMs(job)).toISOString(),
    progress: progressOf(job, now),
    warnings: job.warnings,
    snapshotAt: job.snapshotMs === null ? null : new Date(job.snapshotMs).toISOString(),
    ...(job.state === "complete" && consistencyOf(job)),
    ...(job.options.callback !== null && { callback: callbackOf(job.options.callback, job.callback) }),
    ...(job.result !== null &&
      job.state === "complete" && {
        result: {
          ...job.result,
          crc32: crcOf(job),
          partBytes: job.partBytes,
          ...(parts !== undefined && { parts }),
          verified: job.options.verify,
          rows: rowsOf(job),
        },
      }),
    ...(job.error !== null && { error: job.error }),
  };
}

function callbackOf(url: string, callback: Callback | null): NonNullable<JobStatus["callback"]> {
  const { attempts, dueMs, error } = callback ?? { attempts: 0, dueMs: 0, error: null };
  return { url, status: dueMs !== null ? "waiting" : error === null ? "delivered" : "failed", attempts, error };
}

function progressOf(job: Job, now: number): Progress {
  const { counts = [], at = null } = job.checkpoint?.position ?? {};
  const bytes = job.checkpoint?.length ?? 0;
  const seconds = Math.max(0.001, ((job.finishedMs ?? now) - job.startedMs) / 1000);
  const share = job.state === "complete" ? 1 : shareOf(job);
  return {
    tablesDone: counts.length,
    tables: job.tables.length,
    rows: counts.reduce((sum, count) => sum + count, 0) + (at?.rows ?? 0),
    bytes,
    percent: Math.round(share * 1000) / 10,
    bytesPerSecond: Math.round(bytes / seconds),
    secondsLeft: job.state === "running" && share > 0.01 ? Math.round((seconds * (1 - share)) / share) : null,
  };
}

/** Tables weigh by their span of rowids; at most 99.9 % until the object is complete. */
function shareOf(job: Job): number {
  const { counts = [], at = null } = job.checkpoint?.position ?? {};
  const tables = job.tables.map((name) => job.estimate[name] ?? { weight: 1 });
  const all = tables.reduce((sum, table) => sum + table.weight, 0);
  const done = tables.slice(0, counts.length).reduce((sum, table) => sum + table.weight, 0);
  const current = tables[counts.length];
  const inside = at === null || current === undefined ? 0 : current.weight * shareDone(current, at);
  return all === 0 ? 0 : Math.min(0.999, (done + inside) / all);
}
