/** The exporter's own tables in the host's database. Every method is synchronous: what one turn writes is one commit. */
import { ExportError } from "../errors.ts";
import { neverMs } from "../base/waits.ts";
import { MiB } from "../base/units.ts";
import { listedJob, type BriefJob } from "./job-summary.ts";
import type { Job } from "./job.ts";
import { JobTexts } from "./stored-texts.ts";
import { hasOwn, makeOwn, ownAmong } from "../schema/own-tables.ts";
import { expiresMs } from "./transitions.ts";
import { UndoLog } from "../snapshot/undo-log.ts";
import { dropOwn } from "../snapshot/registry.ts";
import type { SentPart } from "./upload.ts";

/** Remainders are kept in rows of this size, below the 2 MB a value may have. */
const remainderRowBytes = 1 * MiB;

const tables = [
  "_durable_export_jobs",
  "_durable_export_parts",
  "_durable_export_remainder",
  "_durable_export_alarm",
  "_durable_export_pieces",
] as const;

/** What the exporter has made of the object's alarm, Unix milliseconds. The earlier of both times stands. */
export interface AlarmTimes {
  /** When the exporter is to be woken; null while the alarm is the host's alone. */
  readonly own: number | null;
  /** The host's own alarm; null if it has none, or while the alarm is the host's alone. */
  readonly host: number | null;
}

/** When there is anything to do for a job: its own work, or its callback. */
function wakeOf({ wakeMs, delivery }: Job): number {
  return Math.min(wakeMs, delivery?.dueMs ?? neverMs);
}

/** `kept`: nothing is to be done for it but to take it away when its time is over. `open`: it is finished, but not all that it has left is cleared away. */
function stateOf(job: Job): "running" | "open" | "kept" {
  if (job.state === "running") return "running";
  return wakeOf(job) === expiresMs(job) ? "kept" : "open";
}

export function noSuchDump(dumpId: string): ExportError {
  return new ExportError("not_found", `There is no dump "${dumpId}"`, { details: { dumpId } });
}

/** Keeps jobs, their parts and their remainders. */
export class JobStore {
  readonly #sql: SqlStorage;
  readonly #texts: JobTexts;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#texts = JobTexts.of(sql);
  }

  /** True once a first job has made the tables, all of them; before that nothing is written to the host's database. */
  get exists(): boolean {
    return ownAmong(this.#sql, tables).size === tables.length;
  }

  /** Makes the tables, if there are none. Throws `name_taken`. */
  prepare(): void {
    makeOwn(this.#sql, ...tables);
  }

  /** Takes the tables away. */
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
      this.#texts.written(job),
    );
  }

  save(job: Job): void {
    this.#sql.exec(
      "UPDATE _durable_export_jobs SET state = ?, wake = ?, job = ? WHERE id = ?",
      stateOf(job),
      wakeOf(job),
      this.#texts.written(job),
      job.id,
    );
  }

  find(id: string): Job | null {
    return this.#jobs("WHERE id = ?", id)[0] ?? null;
  }

  get(id: string): Job {
    const job = this.find(id);
    if (job === null) throw noSuchDump(id);
    return job;
  }

  /** True as long as nobody has cancelled it; asked often, so it reads one row and parses nothing. */
  isRunning(id: string): boolean {
    return (
      this.#sql.exec("SELECT 1 FROM _durable_export_jobs WHERE id = ? AND state = 'running'", id).toArray().length > 0
    );
  }

  byIdempotencyKey(key: string): Job | null {
    return this.#jobs("WHERE idempotency = ?", key)[0] ?? null;
  }

  /** Newest first, at most so many, behind the one with an id: an id begins with the time of the start. */
  list(limit: number, behind: string | null): readonly (Job | BriefJob)[] {
    if (!this.exists) return [];
    const query =
      "SELECT job FROM _durable_export_jobs WHERE id < ifnull(?, 'z') AND json_extract(job, '$.isDeleted') IS NOT 1 ORDER BY id DESC LIMIT ?";
    return this.#sql
      .exec<{ job: string }>(query, behind, limit)
      .toArray()
      .map((row) => listedJob(row.job));
  }

  /** Some jobs, the oldest first; with a state only those. */
  some(limit: number, state: Job["state"] | null = null): readonly Job[] {
    return this.#jobs("WHERE ifnull(state = ?, 1) ORDER BY started, id LIMIT ?", state, limit);
  }

  /** True while a turn of this life is under way. */
  isLeased(life: string): boolean {
    return this.#jobs("WHERE json_extract(job, '$.lease') = ? LIMIT 1", life).length > 0;
  }

  /** The job whose turn it is: the oldest that runs. */
  current(): Job | null {
    return this.#jobs("WHERE state = 'running' ORDER BY started, id LIMIT 1")[0] ?? null;
  }

  /** How many wait or run. */
  openJobs(): number {
    if (!this.exists) return 0;
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM _durable_export_jobs WHERE state = 'running'").one()
      .n;
  }

  /** Jobs that are finished, and have something to clear away by now, or are to go. */
  needingCleanUp(now: number): readonly Job[] {
    return this.#jobs("WHERE state <> 'running' AND wake <= ?", now);
  }

  /** When there is something to do next, Unix milliseconds; null with nothing to do. That a finished job is kept wakes nobody. */
  nextWakeMs(): number | null {
    if (!this.exists) return null;
    const query =
      "SELECT min(wake) AS wake FROM _durable_export_jobs WHERE state NOT IN ('running', 'kept') AND wake < ?";
    const { wake } = this.#sql.exec<{ wake: number | null }>(query, neverMs).one();
    const times = [wake, this.current()?.wakeMs ?? null].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the first of the finished jobs is to go, Unix milliseconds; null with none, or with none that ever goes. */
  nextExpiryMs(): number | null {
    if (!this.exists) return null;
    const query = "SELECT min(wake) AS wake FROM _durable_export_jobs WHERE state = 'kept' AND wake < ?";
    return this.#sql.exec<{ wake: number | null }>(query, neverMs).one().wake;
  }

  /** Takes everything of a job away. */
  remove(id: string): void {
    this.dropWork(id);
    this.#texts.remove(id);
    this.#sql.exec("DELETE FROM _durable_export_jobs WHERE id = ?", id);
  }

  /** Takes away what only a running job needs. */
  dropWork(id: string): void {
    this.#sql.exec("DELETE FROM _durable_export_parts WHERE job = ?", id);
    this.dropUndoLog(id);
  }

  /** Takes away what only an export that is under way needs. */
  dropUndoLog(id: string): void {
    new UndoLog(this.#sql, id).drop();
    this.#clearRemainder(id);
  }

  #clearRemainder(id: string): void {
    this.#sql.exec("DELETE FROM _durable_export_remainder WHERE job = ?", id);
  }

  addPart(id: string, { partNumber, etag, sha256, md5 }: SentPart): void {
    const insert =
      "INSERT OR REPLACE INTO _durable_export_parts (job, number, etag, sha256, md5) VALUES (?, ?, ?, ?, ?)";
    this.#sql.exec(insert, id, partNumber, etag, sha256, md5);
  }

  /** In order; they are kept as long as the job is. */
  parts(id: string): readonly SentPart[] {
    if (!this.exists) return [];
    const query =
      "SELECT number AS partNumber, etag, sha256, md5 FROM _durable_export_parts WHERE job = ? ORDER BY number";
    return this.#sql.exec<{ partNumber: number; etag: string; sha256: string; md5: string }>(query, id).toArray();
  }

  setRemainder(id: string, bytes: Uint8Array): void {
    this.#clearRemainder(id);
    for (let at = 0, number = 0; at < bytes.length; at += remainderRowBytes, number++) {
      const piece = bytes.slice(at, at + remainderRowBytes);
      this.#sql.exec(
        "INSERT INTO _durable_export_remainder (job, number, bytes) VALUES (?, ?, ?)",
        id,
        number,
        piece.buffer,
      );
    }
  }

  remainder(id: string): readonly Uint8Array[] {
    const query = "SELECT bytes FROM _durable_export_remainder WHERE job = ? ORDER BY number";
    return this.#sql
      .exec<{ bytes: ArrayBuffer }>(query, id)
      .toArray()
      .map((row) => new Uint8Array(row.bytes));
  }

  alarmTimes(): AlarmTimes {
    const nothing: AlarmTimes = { own: null, host: null };
    // not `exists`: this is asked for at each of the host's alarm calls
    if (!hasOwn(this.#sql, "_durable_export_alarm")) return nothing;
    const query = "SELECT own, host FROM _durable_export_alarm";
    return this.#sql.exec<{ own: number | null; host: number | null }>(query).toArray()[0] ?? nothing;
  }

  setAlarmTimes({ own, host }: AlarmTimes): void {
    this.#sql.exec("INSERT OR REPLACE INTO _durable_export_alarm (one, own, host) VALUES (1, ?, ?)", own, host);
  }

  #jobs(clause: string, ...values: (string | number | null)[]): Job[] {
    if (!this.exists) return [];
    return this.#sql
      .exec<{ job: string }>(`SELECT job FROM _durable_export_jobs ${clause}`, ...values)
      .toArray()
      .map((row) => this.#texts.read(row.job));
  }
}
