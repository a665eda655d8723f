/** What is known of a finished file, kept beside it: a multipart object's own metadata is fixed before its first byte is made. */
import type { JobStatus } from "../api.ts";
import type { PartDigests } from "./checksums.ts";
import type { Job } from "./job.ts";

/** The version of the manifest's form: raised where a member goes away or changes its meaning, not for a new one. */
const manifestVersion = 1;

/** Rows of each table that a job has exported so far. */
export function rowsOf(job: Job): Readonly<Record<string, number>> {
  const counts = job.checkpoint?.position.counts ?? [];
  return Object.fromEntries(job.tables.map((name, at) => [name, counts[at] ?? 0]));
}

/** Whether the file is the database of one moment; nothing as long as that is not known. */
export function consistencyOf({ changes }: Job): Pick<JobStatus, "consistency" | "changedTables" | "unwatchedTables"> {
  if (changes === null) return {};
  const { changed, unwatched } = changes;
  const consistency = changed.length + unwatched.length === 0 ? "snapshot" : "fuzzy";
  return { consistency, changedTables: changed, unwatchedTables: unwatched };
}

/** Which SQLite the file's definitions need, where that is known. */
export function needsOf({ needsSqlite }: Job): Pick<JobStatus, "needsSqlite"> {
  return needsSqlite === null ? {} : { needsSqlite };
}

/** CRC-32 of the file so far, eight hex digits. */
export function crcOf(job: Job): string {
  return (job.checkpoint?.crc ?? 0).toString(16).padStart(8, "0");
}

/** The manifest as JSON: enough to check the file without the object that made it. */
export function manifestOf(job: Job, parts: readonly PartDigests[], sha256: string): string {
  const manifest = {
    version: manifestVersion,
    dumpId: job.id,
    fileName: job.fileName,
    format: job.options.format,
    compress: job.options.compress,
    gzip: job.options.compress === "gzip",
    startedAt: new Date(job.startedMs).toISOString(),
    size: job.checkpoint?.length ?? 0,
    crc32: crcOf(job),
    sha256,
    partBytes: job.partBytes,
    parts: parts.map((part) => part.sha256),
    rows: rowsOf(job),
    snapshotAt: job.snapshotMs === null ? null : new Date(job.snapshotMs).toISOString(),
    ...consistencyOf(job),
    ...needsOf(job),
    warnings: job.warnings,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
