/** What a finished job still has to do: give its upload up, and go away with its object when its time is over. */
import { backoffMs } from "../limits.ts";
import { expiresMs, tidied } from "./transitions.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import type { JobObject } from "./object.ts";

/** Does what is due; whatever the sink refuses is tried again later, for as long as the job is kept. */
export async function tidy(job: Job, object: JobObject, store: JobStore, now: number): Promise<void> {
  try {
    if (job.state !== "complete") {
      store.clearWork(job.id);
      await object.abandon(job);
    }
    if (now >= expiresMs(job)) {
      if (job.state === "complete") await object.delete();
      store.remove(job.id);
    } else store.save(tidied(store.find(job.id) ?? job));
  } catch (error) {
    console.error(`Cannot clear away dump ${job.id} (try ${job.attempts + 1}):`, error);
    const latest = store.find(job.id) ?? job;
    store.save({ ...latest, attempts: job.attempts + 1, wakeMs: now + backoffMs(job.attempts + 1) });
  }
}
