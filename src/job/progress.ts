/** How far a job is. */
import type { Progress } from "../api.ts";
import { shareDone } from "../reader/source.ts";
import type { Job } from "./job.ts";

/** Tables and rows in front of its checkpoint, and the share of the work that they are, 0 to 1. */
export function progressNow(job: Job): Pick<Progress, "tablesDone" | "tables" | "rows"> & { readonly share: number } {
  const { counts = [], at = null } = job.checkpoint?.position ?? {};
  return {
    tablesDone: counts.length,
    tables: job.tables.length,
    rows: counts.reduce((sum, count) => sum + count, 0) + (at?.rows ?? 0),
    share: shareOf(job),
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
