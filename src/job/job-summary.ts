/** A job in short: what a list of many shows of it, without what grows with the number of tables. */
import type { Progress } from "../api.ts";
import { namesShown } from "../errors.ts";
import type { Job } from "./job.ts";
import { progressNow } from "./progress.ts";

/** A job whose lists are empty, or cut, as this says. */
export interface BriefJob extends Job {
  /** Differs each time that it is written; absent where a release before this one has done so. */
  readonly revision?: string;
  readonly brief: Pick<Progress, "tablesDone" | "tables" | "rows"> & {
    /** The share of the work that is done, 0 to 1. */
    readonly share: number;
  };
}

/** True for a job that is kept in short, and in full elsewhere. */
export function isBrief(job: Job | BriefJob): job is BriefJob {
  return "brief" in job;
}

/** A job as a list shows it, from its row. */
export function listedJob(text: string): Job | BriefJob {
  const job: Job | BriefJob = JSON.parse(text);
  return job;
}

/** A job in short. */
export function briefly(job: Job): BriefJob {
  const { changed = [], unwatched = [] } = job.changes ?? {};
  const brief = progressNow(job);
  const left = job.warnings.length - namesShown;
  return {
    ...job,
    brief,
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
      position: { ...job.checkpoint.position, counts: [], lossy: [], packer: {} },
    },
    changes: job.changes && { changed: changed.slice(0, namesShown), unwatched: unwatched.slice(0, namesShown) },
  };
}
