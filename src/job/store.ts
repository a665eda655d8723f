/** The jobs in the exporter's own tables, in the host's database. Every method is synchronous: what one event-loop turn writes is one commit. */
import { ExportError } from "../errors.ts";
import { neverMs } from "../base/waits.ts";
import type { JobSummary } from "./job-summary.ts";
import { checkpointVersion, jobVersion, type Job } from "./job.ts";
import { StoredParts } from "./stored-parts.ts";
import { JobTexts } from "./stored-texts.ts";
import { hasJobTables, jobTables, makeOwn } from "../schema/own-tables.ts";
import { expiresMs } from "./transitions.ts";
import { UndoLog } from "../snapshot/undo-log.ts";
import { dropOwn } from "../snapshot/registry.ts";

/** When there is anything to do for a job: its own work, or its callback. */
function wakeOf({ wakeMs, delivery }: Job): number {
  return Math.min(wakeMs, delivery?.dueMs ?? neverMs);
}

/** `kept`: nothing is to be done but to delete it when its time is over. `open`: it is finished, but not all that it has left is cleaned up. */
function stateOf(job: Job): "running" | "open" | "kept" {
  if (job.state === "running") return "running";
  return wakeOf(job) === expiresMs(job) ? "kept" : "open";
}

export function noSuchDump(dumpId: string): ExportError {
  return new ExportError("not_found", `There is no dump "${dumpId}"`, { details: { dumpId } });
}

/** Rows of jobs that this release can read; all others it passes over. */
const isReadable = `version IS ${jobVersion} AND ifnull(checkpoint_version, ${checkpointVersion}) IS ${checkpointVersion}`;

/** A job's row. Types are those of SQLite. */
interface JobRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly version: number | null;
  /** Null where there is no checkpoint yet. */
  readonly checkpoint: number | null;
  readonly job: string;
}

const columns = "id, version, checkpoint_version AS checkpoint, job";

/** A job that another release has stored in a form that this one does not know. */
export interface UnreadableJob {
  readonly id: string;
  /** Its upload, where that release names it as this one does. */
  readonly uploadId: string | null;
  /** `unknown_version`, with what to do. */
  readonly error: ExportError;
}

/** Stores jobs. */
export class JobStore {
  readonly parts: StoredParts;
  readonly #sql: SqlStorage;
  readonly #texts: JobTexts;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#texts = JobTexts.of(sql);
    this.parts = new StoredParts(sql);
  }

  /** True once a first job has made the tables, all of them; before that nothing is written to the host's database. */
  get exists(): boolean {
    return hasJobTables(this.#sql);
  }

  /** Makes the tables, if there are none. Throws `name_taken`. */
  prepare(): void {
    makeOwn(this.#sql, ...jobTables);
  }

  /** Drops the tables. */
  drop(): void {
    dropOwn(this.#sql);
  }

  add(job: Job): void {
    this.prepare();
    this.#sql.exec(
      "INSERT INTO _durable_export_jobs (id, started, state, wake, idempotency, job) VALUES (?, ?, ?, ?, ?, ?)",
      job.id,
      job.startedMs,
      stateOf(job),
      wakeOf(job),
      job.idempotencyKey,
      this.#texts.write(job),
    );
  }

  save(job: Job): void {
    this.#sql.exec(
      "UPDATE _durable_export_jobs SET state = ?, wake = ?, job = ? WHERE id = ?",
      stateOf(job),
      wakeOf(job),
      this.#texts.write(job),
      job.id,
    );
  }

  /** Null if there is none. Throws `unknown_version`. */
  find(id: string): Job | null {
    return this.#jobs("WHERE id = ?", id)[0] ?? null;
  }

  /** Throws `not_found` or `unknown_version`. */
  get(id: string): Job {
    const job = this.find(id);
    if (job === null) throw noSuchDump(id);
    return job;
  }

  /** True as long as a job runs that this release can go on with; asked often, so it reads one row and parses nothing. */
  isRunning(id: string): boolean {
    const query = `SELECT 1 FROM _durable_export_jobs WHERE id = ? AND state = 'running' AND ${isReadable}`;
    return this.#sql.exec(query, id).toArray().length > 0;
  }

  /** Throws `unknown_version`. */
  byIdempotencyKey(key: string): Job | null {
    return this.#jobs("WHERE idempotency = ?", key)[0] ?? null;
  }

  /** Newest first, `limit` at most, after the one with the id `after`: an id begins with the time of the start. Throws `unknown_version`. */
  list(limit: number, after: string | null): readonly (Job | JobSummary)[] {
    const clause = "WHERE id < ifnull(?, 'z') AND json_extract(job, '$.isDeleted') IS NOT 1 ORDER BY id DESC LIMIT ?";
    return this.#rows(clause, after, limit).map((row) => this.#texts.readRow(readable(row).job));
  }

  /** Some jobs, the oldest first; with a state only those. */
  some(limit: number, state: Job["state"] | null = null): readonly Job[] {
    return this.#jobs(`WHERE ifnull(state = ?, 1) AND ${isReadable} ORDER BY started, id LIMIT ?`, state, limit);
  }

  /** Jobs that another release has stored in a form that this one does not know; `running` only those that it has not finished. */
  unreadable(which: "all" | "running"): readonly UnreadableJob[] {
    const isWanted = which === "all" ? "1" : "state = 'running'";
    return this.#rows(`WHERE ${isWanted} AND NOT (${isReadable})`).map((row) => {
      const query = "SELECT json_extract(job, '$.uploadId') AS uploadId FROM _durable_export_jobs WHERE id = ?";
      const { uploadId } = this.#sql.exec(query, row.id).one();
      return { id: row.id, uploadId: typeof uploadId === "string" ? uploadId : null, error: unknownVersion(row) };
    });
  }

  /** True while an attempt of this instance of the object is under way. */
  isLeased(instanceId: string): boolean {
    return this.#jobs(`WHERE json_extract(job, '$.lease') = ? AND ${isReadable} LIMIT 1`, instanceId).length > 0;
  }

  /** The job that is to be worked on: the oldest that runs. */
  current(): Job | null {
    return this.#jobs(`WHERE state = 'running' AND ${isReadable} ORDER BY started, id LIMIT 1`)[0] ?? null;
  }

  /** How many wait or run. */
  openJobs(): number {
    if (!this.exists) return 0;
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM _durable_export_jobs WHERE state = 'running'").one()
      .n;
  }

  /** Jobs that are finished, and have something to clean up by now, or are to be deleted. */
  needingCleanUp(now: number): readonly Job[] {
    return this.#jobs(`WHERE state <> 'running' AND wake <= ? AND ${isReadable}`, now);
  }

  /** When there is something to do next, Unix milliseconds; null with nothing to do. That a finished job is kept wakes nobody. */
  nextWakeMs(): number | null {
    if (!this.exists) return null;
    const query = `SELECT min(wake) AS wake FROM _durable_export_jobs WHERE state NOT IN ('running', 'kept') AND wake < ? AND ${isReadable}`;
    const { wake } = this.#sql.exec<{ wake: number | null }>(query, neverMs).one();
    const times = [wake, this.current()?.wakeMs ?? null].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the first of the finished jobs is to be deleted, Unix milliseconds; null with none, or with none that ever is. */
  nextExpiryMs(): number | null {
    if (!this.exists) return null;
    const query = `SELECT min(wake) AS wake FROM _durable_export_jobs WHERE state = 'kept' AND wake < ? AND ${isReadable}`;
    return this.#sql.exec<{ wake: number | null }>(query, neverMs).one().wake;
  }

  /** Removes a job with all that is stored for it. */
  remove(id: string): void {
    this.dropWork(id);
    this.#texts.remove(id);
    this.#sql.exec("DELETE FROM _durable_export_jobs WHERE id = ?", id);
  }

  /** Removes what only a job needs whose file is not complete. */
  dropWork(id: string): void {
    this.parts.remove(id);
    this.dropUndoLog(id);
  }

  /** Removes what only a job needs that still reads the database. */
  dropUndoLog(id: string): void {
    new UndoLog(this.#sql, id).drop();
    this.parts.removeRemainder(id);
  }

  #jobs(clause: string, ...values: SqlStorageValue[]): Job[] {
    return this.#rows(clause, ...values).map((row) => this.#texts.read(readable(row).job));
  }

  #rows(clause: string, ...values: SqlStorageValue[]): JobRow[] {
    if (!this.exists) return [];
    return this.#sql.exec<JobRow>(`SELECT ${columns} FROM _durable_export_jobs ${clause}`, ...values).toArray();
  }
}

/** The row, if this release can read it. Throws `unknown_version`. */
function readable(row: JobRow): JobRow {
  if (row.version === jobVersion && (row.checkpoint ?? checkpointVersion) === checkpointVersion) return row;
  throw unknownVersion(row);
}

function unknownVersion({ id, version, checkpoint }: JobRow): ExportError {
  const [what, found, known] =
    version === jobVersion ? ["checkpoint", checkpoint, checkpointVersion] : ["row", version, jobVersion];
  const form = found === null ? "has no version" : `has version ${found}`;
  return new ExportError(
    "unknown_version",
    `Cannot read dump "${id}": its ${what} ${form}, and this release of durable-export knows version ${known}; deploy the release that wrote it, or delete the dump`,
    { details: { dumpId: id } },
  );
}
