/** What each step makes of a job. */
import { describe, expect, it } from "vitest";
import { backoffMs, neverMs, watchdogMs } from "../../src/base/waits.ts";
import { ExportError, type ExportErrorCode } from "../../src/errors.ts";
import { currentEncodingSettings, usualPage } from "../../src/file/plan.ts";
import type { Job } from "../../src/job/job.ts";
import { newJob } from "../../src/job/new-job.ts";
import {
  sliceStarted,
  cancel,
  complete,
  expiresMs,
  maxRestarts,
  pause,
  retryOrFail,
  stalledError,
} from "../../src/job/transitions.ts";
import { planFor, withDatabase } from "../support/database.ts";
import { options } from "../support/jobs.ts";

const now = 1_700_000_000_000;

/** A job of an empty table that has just begun, but for what is given. */
function jobWith(given: Partial<Job> = {}): Promise<Job> {
  return withDatabase(async (sql) => {
    sql.exec("CREATE TABLE t (a)");
    const encoding = currentEncodingSettings(usualPage);
    const beginning = { idempotencyKey: null, encoding, retentionMs: 1_000, partBytes: 5 << 20, options: options() };
    return { ...(await newJob(planFor(sql, {}), beginning, now)), ...given };
  });
}

describe("a slice", () => {
  it("is counted before it can fail, and its first try is remembered", async () => {
    const first = sliceStarted(await jobWith(), "life", now);
    expect(first).toMatchObject({ attempts: 1, triedMs: now, lease: "life", wakeMs: now + watchdogMs });
    expect(sliceStarted(first, "other", now + 5)).toMatchObject({ attempts: 2, triedMs: now, lease: "other" });
    expect(pause(first, now)).toMatchObject({ attempts: 0, triedMs: null, lease: null, wakeMs: now });
  });

  it.each([
    [{ attempts: 5_000, triedMs: null }, 0, false],
    [{ attempts: 99, triedMs: now }, 0, false],
    [{ attempts: 100, triedMs: now }, 0, true],
    [{ attempts: 1, triedMs: now }, 24 * 3_600_000 - 1, false],
    [{ attempts: 1, triedMs: now }, 24 * 3_600_000, true],
  ])("is one too many after 100, or a day: %j, %i ms later", async (given, laterMs, isStalled) => {
    expect(stalledError(await jobWith(given), now + laterMs)?.code).toBe(isStalled ? "stalled" : undefined);
  });
});

describe("a slice that fails", () => {
  it.each([
    [1, 0],
    [2, 0],
    [11, 0],
    [0, 1],
  ])("is tried again later: try %i, begun again %i times", async (attempts, restarts) => {
    const job = await jobWith({ attempts, restarts, lease: "life", uploadId: "upload" });
    expect(retryOrFail(job, new Error("R2 is down"), now)).toEqual({
      ...job,
      lease: null,
      wakeMs: now + backoffMs(Math.max(1, attempts)),
    });
  });

  it("fails the job with the twelfth try", async () => {
    const failed = retryOrFail(await jobWith({ attempts: 12 }), new Error("R2 is down"), now);
    const error = { code: "storage_failed", message: "R2 is down (after 12 tries)" };
    expect(failed).toMatchObject({ state: "failed", finishedMs: now, wakeMs: now, attempts: 0, error });
  });

  it.each<ExportErrorCode>([
    "schema_changed",
    "plan_changed",
    "stalled",
    "snapshot_too_old",
    "name_taken",
    "data_unreadable",
    "too_many_parts",
    "checksum_mismatch",
    "object_missing",
    "no_bucket",
  ])("fails the job at once where trying again cannot help: %s", async (code) => {
    const failed = retryOrFail(await jobWith({ attempts: 1 }), new ExportError(code, "why"), now);
    expect(failed).toMatchObject({ state: "failed", error: { code, message: "why" } });
  });

  it("begins again where the upload is lost, but not for ever", async () => {
    const lost = new ExportError("upload_lost", "gone");
    const job = await jobWith({ attempts: 1, uploadId: "upload", snapshotMs: now });
    const again = retryOrFail(job, lost, now);
    expect(again).toMatchObject({ state: "running", restarts: 1, uploadId: null, checkpoint: null, snapshotMs: null });
    expect(retryOrFail({ ...job, restarts: maxRestarts }, lost, now)).toMatchObject({ state: "failed" });
  });
});

describe("the end of a job", () => {
  it("is followed by its time in the bucket", async () => {
    const done = complete(await jobWith({ lease: "life", uploadId: "upload" }), now);
    expect(done).toMatchObject({
      state: "complete",
      lease: null,
      uploadId: null,
      finishedMs: now,
      wakeMs: now + 1_000,
    });
    expect(expiresMs({ ...done, retentionMs: neverMs })).toBe(neverMs);
    expect(expiresMs(await jobWith())).toBe(neverMs);
  });

  it.each([
    [null, false, now],
    ["life", true, now + watchdogMs],
  ])("is a cancellation, which waits for a slice that is under way: %s", async (lease, mayHaveMore, wakeMs) => {
    const cancelled = cancel(await jobWith({ lease }), now);
    expect(cancelled).toMatchObject({ state: "cancelled", lease, mayHaveMore, wakeMs, finishedMs: now });
  });
});
