/** A job as it begins. */
import type { ExportOptions, JobOptions } from "../api.ts";
import { fileNameOf, timestamp } from "../file/layout.ts";
import { layoutDigest } from "../file/layout-digest.ts";
import { countedTables } from "../file/pipeline.ts";
import type { Plan } from "../file/plan.ts";
import { runCooperatively } from "../base/event-loop.ts";
import { sha256Hex } from "./checksums.ts";
import { storedOptions } from "../options/stored.ts";
import { jobVersion, type Job, type Planned } from "./job.ts";

/** A finished dump is kept so long, in milliseconds: a week, as R2 keeps an upload that is never completed. */
export const retentionMs = 7 * 24 * 60 * 60 * 1000;

/** What a job is given when it begins, besides its plan. */
export interface Beginning extends Pick<Job, "idempotencyKey" | "encoding" | "retentionMs" | "partBytes"> {
  readonly options: ExportOptions & JobOptions;
}

/** What tells two plans apart: a job goes on with none that is another one. */
export async function hashesOf({ source, layout }: Plan): Promise<Pick<Planned, "schemaHash" | "layoutHash">> {
  return { schemaHash: await sha256Hex(source.fingerprint), layoutHash: await layoutDigest(layout) };
}

/** What a job keeps of its plan. */
export async function plannedBy(plan: Plan): Promise<Planned> {
  const { source, layout, databaseBytes } = plan;
  return {
    databaseBytes,
    facts: source.facts(),
    mediaType: layout.mediaType,
    tables: countedTables(layout.segments).map((table) => table.name),
    estimate: await runCooperatively(source.estimating()),
    warnings: layout.warnings,
    needsSqlite: layout.needsSqlite,
    ...(await hashesOf(plan)),
  };
}

/** `20240101-170000-3e7` and five random digits. */
function idOf(startedMs: number): string {
  const milliseconds = (startedMs % 1000).toString(16).padStart(3, "0");
  return `${timestamp(startedMs)}-${milliseconds}${crypto.getRandomValues(new Uint8Array(4)).toHex().slice(0, 5)}`;
}

/** A job that is due at once. Its id is the time of its start to the millisecond, so that ids are in the order of the starts, and random digits. */
export async function newJob(plan: Plan, { options, ...given }: Beginning, startedMs: number): Promise<Job> {
  return {
    version: jobVersion,
    ...given,
    id: idOf(startedMs),
    startedMs,
    state: "running",
    options: storedOptions(options),
    fileName: fileNameOf(plan.layout, startedMs),
    ...(await plannedBy(plan)),
    seal: null,
    uploadId: null,
    checkpoint: null,
    isFuzzy: options.consistency === "fuzzy",
    snapshotMs: null,
    restarts: 0,
    hasRestartedForSchema: false,
    attempts: 0,
    triedMs: null,
    wakeMs: startedMs,
    lease: null,
    mayHaveMore: false,
    isDeleted: false,
    finishedMs: null,
    delivery: null,
    result: null,
    verified: 0,
    changes: null,
    error: null,
  };
}
