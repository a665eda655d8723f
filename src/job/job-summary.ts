/** A job without what grows with the number of its tables: what a list of many jobs shows of it. */
import type { Progress } from "../api.ts";
import { namesShown } from "../errors.ts";
import type { Job } from "./job.ts";
import { progressNow } from "./progress.ts";

/** A job whose lists are empty, or cut; what they would say of its progress is in `summary`. */
export interface JobSummary extends Job {
  readonly summary: Pick<Progress, "tablesDone" | "tables" | "rows"> & {
    /** The share of the work that is done, 0 to 1. */
    readonly share: number;
  };
}

/** True for a job whose row holds a summary; the job in full is in pieces elsewhere. */
export function isSummary(job: Job | JobSummary): job is JobSummary {
  return "summary" in job;
}

export function summaryOf(job: Job): JobSummary {
  const { changed = [], unwatched = [] } = job.changes ?? {};
  const left = job.warnings.length - namesShown;
  return {
    ...job,
    summary: progressNow(job),
    tables: [],
    estimate: {},
    facts: { leftOut: [], indexes: [] },
    warnings: left > 0 ? [...job.warnings.slice(0, namesShown), `There are ${left} more warnings`] : job.warnings,
    options: {
      ...job.options,
      tables: job.options.tables?.slice(0, namesShown) ?? null,
      exclude: job.options.exclude.slice(0, namesShown),
    },
    checkpoint: job.checkpoint && {
      ...job.checkpoint,
      position: { ...job.checkpoint.position, counts: [], lossy: [], file: { offset: 0, state: null }, packer: {} },
    },
    changes: job.changes && { changed: changed.slice(0, namesShown), unwatched: unwatched.slice(0, namesShown) },
  };
}
