/** What is a job's own about its snapshot: it goes on from slice to slice, and may be given up for `consistency=fuzzy`. */
import { runCooperatively } from "../base/event-loop.ts";
import { rowSegments } from "../file/pipeline.ts";
import type { Plan } from "../file/plan.ts";
import { isWhole, type Seal } from "../snapshot/seal.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { UndoLog } from "../snapshot/undo-log.ts";
import type { JobContext } from "./context.ts";
import type { Job } from "./job.ts";

/** The snapshot of a job, as its last checkpoint left it. */
export function resumedSnapshot(job: Job, plan: Plan, { sql, maxUndoBytes }: JobContext): Snapshot {
  const { id: exportId, isFuzzy, databaseBytes, seal, checkpoint } = job;
  const segments = rowSegments(plan.layout.segments);
  const snapshot = new Snapshot({
    sql,
    exportId,
    source: plan.source,
    segments,
    isFuzzy,
    databaseBytes,
    maxUndoBytes,
  });
  snapshot.resume({ seal, segmentsDone: checkpoint?.position.counts.length ?? 0 });
  return snapshot;
}

/** True unless something is gone by which changes are seen: triggers go with their table, also if it comes back. */
export function isSealIntact({ id, seal }: Job, sql: SqlStorage): boolean {
  return seal === null || isWhole(sql, id, seal);
}

/**
 * Begins the snapshot, unless an earlier attempt has: then it gives null. Throws `schema_changed` if the plan, which was made some time ago, is
 * no longer what the database is.
 */
export async function beginOnce(snapshot: Snapshot, { source }: Plan): Promise<Seal | null> {
  if (snapshot.keepsRows) return null;
  await runCooperatively(beginning());
  return snapshot.seal;

  function* beginning(): Generator<void, void, void> {
    source.verify();
    yield* snapshot.begin();
    try {
      source.verifyFacts();
    } catch (error) {
      snapshot.end();
      throw error;
    }
  }
}

/** Looks at what the snapshot keeps: false if that is more than may be, and the job shall go on without it. Throws `snapshot_too_old` if it shall fail then. */
export function isWithinLimit(job: Job, snapshot: Pick<Snapshot, "checkLimit">): boolean {
  try {
    snapshot.checkLimit();
    return true;
  } catch (error) {
    if (job.options.onUndoLimit === "fuzzy") return false;
    throw error;
  }
}

/** The same for a job that waits for its next slice, and has no plan. */
export function isWithinLimitBetweenSlices(job: Job, { sql, maxUndoBytes }: JobContext): boolean {
  const { id, databaseBytes } = job;
  return isWithinLimit(job, {
    checkLimit: () => new UndoLog(sql, id).checkLimit({ databaseBytes, maxUndoBytes }),
  });
}
