/** Whether one more job may be started. */
import type { ExportOptions, JobOptions } from "../api.ts";
import { ExportError } from "../errors.ts";
import { isSameRequest, storedOptions } from "../options/stored.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./store.ts";

/** Jobs that may wait or run at once: they run one after the other, and each has a row. */
const maxOpenJobs = 100;

/** The job that was started with the same Idempotency-Key. Throws `idempotency_conflict` if it has other options. */
export function startedBefore(key: string | null, options: ExportOptions & JobOptions, store: JobStore): Job | null {
  const before = key === null ? null : store.byIdempotencyKey(key);
  if (before === null || isSameRequest(before.options, storedOptions(options))) return before;
  throw new ExportError(
    "idempotency_conflict",
    `The Idempotency-Key "${key}" belongs to dump ${before.id}, which has other options`,
  );
}

/** How many jobs wait or run. Throws `too_many_jobs` where one more may not. */
export function admit(store: JobStore): number {
  const open = store.openJobs();
  if (open < maxOpenJobs) return open;
  throw new ExportError("too_many_jobs", `Cannot start a job: ${open} wait or run, the limit is ${maxOpenJobs}`);
}
