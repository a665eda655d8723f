/** Takes away all that there is of an object's exports: for a host that is about to delete the object itself. */
import { objectPrefix } from "../api.ts";
import type { JobContext } from "./context.ts";
import { DumpUpload, storageError } from "./upload.ts";
import { deleteUnreadable } from "./cleanup.ts";
import { cancel } from "./transitions.ts";

/** How often to look whether an attempt that is under way has come back, in milliseconds. */
const lookAgainMs = 20;

/** Jobs that are read at once. */
const batch = 100;

/** Deletes jobs, uploads and files; a job's row goes last, so that it may be called again where R2 has refused something. Throws `storage_failed`. */
export async function deleteAllJobs({ store, sink, objectId, instanceId }: JobContext): Promise<void> {
  if (sink === undefined) return;
  for (const job of store.unreadable("all")) await deleteUnreadable(job, new DumpUpload(sink, objectId, job.id), store);
  do {
    for (let open = store.some(batch, "running"); open.length > 0; open = store.some(batch, "running")) {
      for (const job of open) {
        store.save(cancel(job, Date.now()));
        store.dropWork(job.id);
      }
    }
    // What an attempt is just sending would arrive after the deletion; each of its calls has a deadline.
    while (store.isLeased(instanceId)) await scheduler.wait(lookAgainMs);
    for (const job of store.some(batch)) {
      if (job.state === "running") continue; // started meanwhile
      await new DumpUpload(sink, objectId, job.id).discard({ ...job, mayHaveMore: true });
      store.remove(job.id);
    }
  } while (store.some(1).length > 0);
  try {
    // files of jobs that nobody knows any more, as the host had deleted all before
    for (;;) {
      const keys = (await sink.list?.({ prefix: objectPrefix(objectId) }))?.objects.map(({ key }) => key) ?? [];
      if (keys.length === 0) break;
      await sink.delete(keys);
    }
  } catch (cause) {
    throw storageError(`Cannot delete the files of object ${objectId}`, cause);
  }
}
