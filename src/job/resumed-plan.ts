/** What a slice goes by: the plan that the job began with, made again; or, where that cannot be, why the job begins again. */
import type { Format } from "../../formats/format.ts";
import type { ExportOptions } from "../api.ts";
import { ExportError } from "../errors.ts";
import { fileNameOf } from "../file/layout.ts";
import { availableDeflate } from "../pack/deflate.ts";
import { nodeZstd } from "../pack/node-zlib.ts";
import { noZstd } from "../pack/zstd-native.ts";
import { planCooperatively, type EncodingSettings, type Plan } from "../file/plan.ts";
import { sealBroken } from "../snapshot/seal.ts";
import { isSealIntact } from "./job-snapshot.ts";
import type { JobContext } from "./context.ts";
import type { Job } from "./job.ts";
import { hashesOf, plannedBy } from "./new-job.ts";
import { notes } from "./notes.ts";
import { restartedForCode, mayRestartForSchema, restartedForSchema, replanned, maxRestarts } from "./transitions.ts";

/** A plan, or how the job becomes one that begins again. */
export type NextPlan =
  | { readonly kind: "go on"; readonly plan: Plan }
  | { readonly kind: "begin again"; readonly with: (latest: Job) => Job };

/** Throws where a job can neither go on nor begin again. */
export async function nextPlan(job: Job, context: JobContext): Promise<NextPlan> {
  const { sql, formats } = context;
  const options = exportOptionsOf(job, formats);
  if (canGoOnWith(job.encoding, context.encoding)) {
    const isUnread = job.seal === null;
    const facts = isUnread ? null : job.facts;
    const plan = await planCooperatively(sql, { ...options, ...job.encoding }, formats, facts);
    const { schemaHash, layoutHash } = await hashesOf(plan);
    const isSchema = schemaHash !== job.schemaHash;
    // one that has waited, or lost its upload, is of the moment at which it begins to read, and so is all that it says
    if (isUnread && (isSchema || JSON.stringify(plan.source.facts()) !== JSON.stringify(job.facts))) {
      const planned = await replan(job, context, job.encoding, null);
      return { kind: "begin again", with: (latest) => replanned(latest, planned) };
    }
    if (isSchema || !isSealIntact(job, sql)) {
      const missing = missingFrom(plan, job);
      if (!mayRestartForSchema(job) || missing.length > 0) throw isSchema ? schemaChanged(missing) : sealBroken();
      const planned = await replan(job, context, job.encoding, notes.schema);
      return { kind: "begin again", with: (latest) => restartedForSchema(latest, planned) };
    }
    if (layoutHash === job.layoutHash) return { kind: "go on", plan };
  }
  if (job.restarts >= maxRestarts)
    throw new ExportError(
      "plan_changed",
      `Cannot go on with the export: the Worker's code makes another file of the same database than when it began, for the ${job.restarts + 1}th time`,
    );
  const hasBegun = job.seal !== null || job.uploadId !== null;
  const planned = await replan(job, context, context.encoding, hasBegun ? notes.code : null);
  return { kind: "begin again", with: (latest) => restartedForCode(latest, planned, context.encoding) };
}

/** What a job begins again with, and why, for its warnings. Throws where there is a table no more that it was asked for. */
export async function replan(job: Job, { sql, formats }: JobContext, making: EncodingSettings, why: string | null) {
  const plan = await planCooperatively(sql, { ...exportOptionsOf(job, formats), ...making }, formats);
  const missing = missingFrom(plan, job);
  if (missing.length > 0) throw schemaChanged(missing);
  const planned = await plannedBy(plan);
  const warnings = why === null ? planned.warnings : [...planned.warnings, why];
  return { ...planned, warnings, fileName: fileNameOf(plan.layout, job.startedMs) };
}

/** What a job was asked for; throws where a deploy has taken away what that needs. */
function exportOptionsOf(job: Job, formats: readonly Format[]): ExportOptions {
  if (job.options.compress === "zstd" && nodeZstd() === null)
    throw new ExportError("plan_changed", `Cannot go on with dump ${job.id}: ${noZstd}`);
  return { ...job.options, format: formatOf(job, formats) };
}

/** A deploy may take a format away. */
function formatOf({ id, options }: Job, formats: readonly Format[]): Format {
  const format = formats.find((candidate) => candidate.name === options.format);
  if (format !== undefined) return format;
  throw new ExportError(
    "plan_changed",
    `Cannot go on with dump ${id}: there is no format "${options.format}" here any more`,
  );
}

/** What was begun by other code, or with a deflater that is gone, cannot go on: its bytes would not fit. */
function canGoOnWith(begun: EncodingSettings, now: EncodingSettings): boolean {
  return begun.version === now.version && (begun.deflate === "fflate" || availableDeflate() === begun.deflate);
}

function missingFrom({ source }: Plan, { options }: Job): readonly string[] {
  const names = new Set(source.schema.tables.map(({ name }) => name));
  return (options.tables ?? []).filter((name) => !names.has(name));
}

function schemaChanged(missing: readonly string[]): ExportError {
  const gone = missing.map((name) => `; there is no table "${name}" any more`).join("");
  return new ExportError("schema_changed", `Cannot go on with the export: the schema changed while it ran${gone}`);
}
