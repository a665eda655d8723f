/** What a finished job still has to do: give its upload up, and go away with its object when its time is over. */
import { backoffMs } from "../base/waits.ts";
import { expiresMs, cleanedUp } from "./transitions.ts";
import type { Job } from "./job.ts";
import type { JobStore, UnreadableJob } from "./store.ts";
import type { DumpUpload } from "./upload.ts";

/** Tries to clean up what a job has in R2 whose row is gone, as nothing would try it again; with `backoffMs` a minute. */
const eraseTries = 6;

/** Does what is due; whatever the sink refuses is tried again later, for as long as the job is kept: its row goes last. */
export async function cleanUp(job: Job, object: DumpUpload, store: JobStore, now: number): Promise<void> {
  try {
    if (job.state !== "complete") {
      store.dropWork(job.id);
      await object.discard(job);
    }
    // of a call that was given up something may have come later
    if (now >= expiresMs(job)) await object.delete();
    const latest = store.find(job.id);
    if (latest === null) return;
    if (latest.isDeleted || now >= expiresMs(latest)) store.remove(job.id);
    else store.save(cleanedUp(latest));
  } catch (error) {
    console.error(`Cannot clear away dump ${job.id} (try ${job.attempts + 1}):`, error);
    const latest = store.find(job.id);
    if (latest !== null)
      store.save({ ...latest, attempts: job.attempts + 1, wakeMs: now + backoffMs(job.attempts + 1) });
  }
}

/** Deletes a job that another release has stored, with what can be known of it: its object, and its upload where it was read from the row. */
export async function deleteUnreadable(job: UnreadableJob, object: DumpUpload, store: JobStore): Promise<void> {
  await object.discard({ uploadId: job.uploadId, result: null, mayHaveMore: true });
  store.remove(job.id);
}

/** Takes away what a job has in the sink that has no row any more: the host has deleted all. */
export async function discardPersistently(object: DumpUpload, job: Job): Promise<void> {
  await persistently(job, () => object.discard({ ...job, mayHaveMore: true }));
}

/** Gives up an upload in whose place the job has another one by now. */
export async function discardUploadPersistently(object: DumpUpload, job: Job): Promise<void> {
  const { uploadId } = job;
  if (uploadId !== null) await persistently(job, () => object.abort(uploadId));
}

/** For what stands in no row, so that nobody else will ever know of it. */
async function persistently({ id }: Job, clear: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await clear();
    } catch (error) {
      console.error(`Cannot clear away what nobody knows of dump ${id} any more (try ${tries}):`, error);
      if (tries === eraseTries) return;
      await scheduler.wait(backoffMs(tries));
    }
  }
}
