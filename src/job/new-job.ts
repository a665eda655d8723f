/** A job as it begins. */
import type { ExportOptions, JobOptions } from "../engine.ts";
import { fileNameOf, timestamp } from "../layout.ts";
import { countedTables } from "../pipeline.ts";
import type { Plan } from "../plan.ts";
import { storedOptions, type Job } from "./job.ts";

/** What a job is given when it begins, besides its plan. */
export interface Beginning extends Pick<Job, "idempotencyKey" | "making" | "retentionMs" | "schemaHash" | "partBytes"> {
  readonly options: ExportOptions & JobOptions;
}

/** A job that is due at once. Its id is the time of its start and eight random digits. */
export function newJob({ source, layout }: Plan, { options, ...given }: Beginning, startedMs: number): Job {
  return {
    ...given,
    id: `${timestamp(startedMs)}-${crypto.getRandomValues(new Uint8Array(4)).toHex()}`,
    startedMs,
    state: "running",
    options: storedOptions(options),
    fileName: fileNameOf(layout, startedMs),
    mediaType: layout.mediaType,
    tables: countedTables(layout.parts).map((table) => table.name),
    estimate: source.estimate(),
    warnings: layout.warnings,
    uploadId: null,
    checkpoint: null,
    restarts: 0,
    attempts: 0,
    wakeMs: startedMs,
    lease: null,
    finishedMs: null,
    result: null,
    verified: 0,
    error: null,
  };
}
