/** Runs jobs: starts them, gives the current one a slice when it is due, completes, cancels and deletes. */
import type { ExportOptions, JobOptions } from "../api.ts";
import { ExportError } from "../errors.ts";
import { limitCheckMs } from "../snapshot/undo-limit.ts";
import { maxWaitMs, neverMs, watchdogMs } from "../base/waits.ts";
import { planCooperatively } from "../file/plan.ts";
import { notify } from "./notify.ts";
import { beginOnce, isWithinLimitBetweenSlices, resumedSnapshot } from "./job-snapshot.ts";
import { deleteAllJobs } from "./delete-all.ts";
import { cancel, deleted, sliceStarted, snapshotStarted, stalledError } from "./transitions.ts";
import { admit, startedBefore } from "./admission.ts";
import type { Job } from "./job.ts";
import type { JobContext } from "./context.ts";
import { noSuchDump } from "./store.ts";
import { newJob } from "./new-job.ts";
import { partSizeFor } from "./part-size.ts";
import { DumpUpload } from "./upload.ts";
import { cleanUp, deleteUnreadable } from "./cleanup.ts";
import { runAttempt } from "./attempt.ts";

/** The jobs of one object. */
export class JobRunner {
  readonly #context: JobContext;
  #isBusy = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(context: JobContext) {
    this.#context = context;
    for (const { error } of context.store.unreadable("running")) console.error(error.message);
    if (context.store.current()?.snapshotMs != null) this.#watchLimit(); // of an earlier instance
  }

  /** Starts a job, or gives the one that the key started before; the caller sees to the wake-up. */
  async create(options: ExportOptions & JobOptions, idempotencyKey: string | null): Promise<Job> {
    const { sql, store, formats, encoding, retentionMs, webhooks } = this.#context;
    if (typeof options.callback === "string") webhooks.check(options.callback);
    const before = startedBefore(idempotencyKey, options, store);
    if (before !== null) return before;
    admit(store);
    const plan = await planCooperatively(sql, { ...options, ...encoding }, formats);
    const partBytes = partSizeFor(sql.databaseSize, this.#context.parts);
    const job = await newJob(plan, { options, idempotencyKey, encoding, retentionMs, partBytes }, Date.now());
    this.#uploadOf(job.id); // or there is no bucket to put it in
    // Others may have been started while this one was planned; from here on it is one event-loop turn.
    const meanwhile = startedBefore(idempotencyKey, options, store);
    if (meanwhile !== null) return meanwhile;
    const open = admit(store);
    // One that waits begins when its turn comes: a hundred logs at once would be too much for writers.
    if (job.isFuzzy || open > 0 || this.#isBusy) {
      store.add(job);
      return job;
    }
    // As a slice does: if it never comes back, the first slice begins it again.
    store.add({ ...job, lease: this.#context.instanceId, wakeMs: Date.now() + watchdogMs });
    this.#isBusy = true;
    try {
      const seal = await beginOnce(resumedSnapshot(job, plan, this.#context), plan);
      const latest = store.get(job.id);
      if (seal !== null && latest.state === "running")
        store.save(snapshotStarted({ ...latest, lease: null, wakeMs: job.wakeMs }, seal, Date.now()));
    } catch (error) {
      const latest = store.find(job.id);
      if (latest !== null && latest.state !== "running") return latest; // cancelled meanwhile
      if (latest !== null && error instanceof ExportError && error.code === "schema_changed") {
        store.save(job); // what it was planned with is out of date: its first slice makes the plan again
        return job;
      }
      if (latest !== null) store.remove(job.id); // nothing of it stays behind
      throw error;
    } finally {
      this.#isBusy = false;
      this.#watchLimit();
      const ended = store.find(job.id);
      if (ended !== null && ended.state !== "running" && ended.lease !== null)
        await this.#cleanUp({ ...ended, lease: null });
    }
    return store.get(job.id);
  }

  /** A slice begun in an earlier instance of the object never comes back: its job is due at once. */
  recover(): void {
    const { store, instanceId } = this.#context;
    const job = store.current();
    if (job === null || job.lease === instanceId) return;
    const now = Date.now();
    if (job.lease !== null) store.save({ ...job, lease: null, wakeMs: Math.min(job.wakeMs, now) });
    // No wait is that long: the clock has gone back since.
    else if (job.wakeMs > now + maxWaitMs) store.save({ ...job, wakeMs: now });
  }

  /** When there is something to do next, Unix milliseconds; null with nothing to do, or with no bucket to do it with. */
  nextWakeMs(): number | null {
    return this.#context.sink === undefined ? null : this.#context.store.nextWakeMs();
  }

  /** When the first finished job is to go, Unix milliseconds. */
  nextExpiryMs(): number | null {
    return this.#context.sink === undefined ? null : this.#context.store.nextExpiryMs();
  }

  /** Cleans up what finished jobs have left, and gives the current job a slice, if it is due. */
  async runDue(): Promise<void> {
    if (this.#context.sink === undefined) return;
    await this.#cleanUpFinished();
    await this.#work();
  }

  /** Cleans up what finished jobs have left, and begins the calls that are due. */
  async #cleanUpFinished(): Promise<void> {
    const { store, webhooks, background, instanceId } = this.#context;
    const now = Date.now();
    for (const finished of store.needingCleanUp(now)) {
      // An alarm that waited for it would hold the next one up; a call that is lost with the object is due again.
      if ((finished.delivery?.dueMs ?? neverMs) <= now) background(notify(finished, store, webhooks));
      if (finished.wakeMs > now) continue;
      // an attempt of this instance is still waiting for R2: it cleans up when it comes back
      if (finished.lease === instanceId) store.save({ ...finished, wakeMs: now + watchdogMs });
      else await this.#cleanUp({ ...finished, lease: null });
    }
  }

  /** Looks at what the snapshot of a job keeps while the job waits for its next slice. Nobody else would until then, and R2 may be away for long. */
  #watchLimit(): void {
    this.#timer ??= setInterval(() => {
      if (this.#isBusy) return;
      const job = this.#context.store.current();
      if (job === null || job.snapshotMs === null || job.result !== null) {
        clearInterval(this.#timer);
        this.#timer = undefined;
        return;
      }
      try {
        if (isWithinLimitBetweenSlices(job, this.#context)) return;
        this.#context.background(this.#work({ ...job, wakeMs: 0 }, null)); // its slice gives the snapshot up
      } catch (error) {
        if (!(error instanceof ExportError)) throw error;
        this.#context.background(this.#work({ ...job, wakeMs: 0 }, error));
      }
    }, limitCheckMs);
  }

  async #work(job = this.#context.store.current(), reason: ExportError | null = null): Promise<void> {
    const { store, wake, instanceId } = this.#context;
    if (job === null || this.#isBusy || job.wakeMs > Date.now()) return;
    this.#isBusy = true;
    try {
      const begun = sliceStarted(job, instanceId, Date.now());
      store.save(begun);
      await wake(begun.wakeMs);
      await runAttempt(begun, reason ?? stalledError(job, Date.now()), this.#context, this.#uploadOf(begun.id));
    } finally {
      this.#isBusy = false;
      this.#watchLimit();
    }
  }

  /** Cancels a running job; deletes a finished one with its object. Gives null for one that this release cannot read, and has deleted. */
  async delete(id: string): Promise<Job | null> {
    const { store } = this.#context;
    const unreadable = store.unreadable("all").find((other) => other.id === id);
    if (unreadable !== undefined) {
      await deleteUnreadable(unreadable, this.#uploadOf(id), store);
      return null;
    }
    const job = store.get(id);
    if (job.isDeleted) throw noSuchDump(id);
    if (job.state === "running") {
      const cancelled = cancel(job, Date.now());
      store.save(cancelled);
      store.dropWork(id);
      if (cancelled.lease === null) await this.#cleanUp(cancelled);
      return store.find(id) ?? cancelled;
    }
    if (job.lease === null) {
      await this.#uploadOf(id).discard(job);
      store.remove(id);
    } else store.save(deleted(job)); // an attempt is under way, which may be sending something just now: it removes the row
    return job;
  }

  /** Deletes all jobs with all that they have in R2. Throws `storage_failed`. */
  async deleteAll(): Promise<void> {
    await deleteAllJobs(this.#context);
  }

  async #cleanUp(job: Job): Promise<void> {
    await cleanUp(job, this.#uploadOf(job.id), this.#context.store, Date.now());
  }

  #uploadOf(id: string): DumpUpload {
    const { sink, objectId } = this.#context;
    if (sink !== undefined) return new DumpUpload(sink, objectId, id);
    throw new ExportError("no_bucket", "Cannot run an export job: the Exporter was made without a bucket");
  }
}
