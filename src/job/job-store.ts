/** The exporter's own tables in the host's database. Every method is synchronous: what one turn writes is one commit. */
import { ExportError } from "../errors.ts";
import { neverMs, remainderRowBytes } from "../limits.ts";
import type { Job } from "./job.ts";
import { UndoLog } from "../source/undo.ts";
import { unwatch } from "../source/watch.ts";
import type { SentPart } from "./object.ts";

const tables = {
  _export_jobs:
    "(id TEXT PRIMARY KEY, started INTEGER NOT NULL, state TEXT NOT NULL, wake INTEGER NOT NULL, idempotency TEXT UNIQUE, job TEXT NOT NULL) WITHOUT ROWID",
  _export_parts:
    "(job TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL, PRIMARY KEY (job, number)) WITHOUT ROWID",
  _export_remainder: "(job TEXT NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (job, number))",
  _export_alarm: "(one INTEGER PRIMARY KEY CHECK (one = 1), own INTEGER, host INTEGER)",
} as const;
const names = Object.keys(tables);

/** Alarm times that the exporter knows of, Unix milliseconds. */
export interface AlarmTimes {
  /** The alarm that the exporter has set itself. */
  readonly own: number | null;
  /** The host's alarm that it moved aside for it. */
  readonly host: number | null;
}

/** When there is anything to do for a job: its own work, or its callback. */
function wakeOf({ wakeMs, callback }: Job): number {
  return Math.min(wakeMs, callback?.dueMs ?? neverMs);
}

/** Keeps jobs, their parts and their remainders. */
export class JobStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** True once a first job has made the tables, all of them; before that nothing is written to the host's database. */
  get exists(): boolean {
    const query = `SELECT count(*) AS found FROM sqlite_schema WHERE type='table' AND name IN (${names.map(() => "?").join()})`;
    return this.#sql.exec<{ found: number }>(query, ...names).one().found === names.length;
  }

  /** Makes the tables, if there are none. */
  prepare(): void {
    for (const [name, columns] of Object.entries(tables))
      this.#sql.exec(`CREATE TABLE IF NOT EXISTS ${name} ${columns}`);
  }

  add(job: Job): void {
    this.prepare();
    this.#sql.exec(
      "INSERT INTO _export_jobs (id, started, state, wake, idempotency, job) VALUES (?, ?, ?, ?, ?, ?)",
      job.id,
      job.startedMs,
      job.state,
      wakeOf(job),
      job.idempotencyKey,
      JSON.stringify(job),
    );
  }

  save(job: Job): void {
    this.#sql.exec(
      "UPDATE _export_jobs SET state = ?, wake = ?, job = ? WHERE id = ?",
      job.state,
      wakeOf(job),
      JSON.stringify(job),
      job.id,
    );
  }

  find(id: string): Job | null {
    return this.#jobs("WHERE id = ?", id)[0] ?? null;
  }

  get(id: string): Job {
    const job = this.find(id);
    if (job === null) throw new ExportError("not_found", `There is no dump "${id}"`, { details: { dumpId: id } });
    return job;
  }

  /** True as long as nobody has cancelled it; asked often, so it reads one row and parses nothing. */
  isRunning(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM _export_jobs WHERE id = ? AND state = 'running'", id).toArray().length > 0;
  }

  byIdempotencyKey(key: string): Job | null {
    return this.#jobs("WHERE idempotency = ?", key)[0] ?? null;
  }

  /** Newest first. */
  list(): readonly Job[] {
    return this.#jobs("ORDER BY started DESC, id DESC");
  }

  /** The job whose turn it is: the oldest that runs. */
  current(): Job | null {
    return this.#jobs("WHERE state = 'running' ORDER BY started, id LIMIT 1")[0] ?? null;
  }

  /** How many wait or run. */
  openJobs(): number {
    if (!this.exists) return 0;
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM _export_jobs WHERE state = 'running'").one().n;
  }

  /** Jobs that are finished, and have something to clear away by now. */
  untidy(now: number): readonly Job[] {
    return this.#jobs("WHERE state <> 'running' AND wake <= ?", now);
  }

  /** When there is something to do next, Unix milliseconds; null with nothing to do, ever. */
  nextWakeMs(): number | null {
    if (!this.exists) return null;
    const query = "SELECT min(wake) AS wake FROM _export_jobs WHERE state <> 'running' AND wake < ?";
    const { wake } = this.#sql.exec<{ wake: number | null }>(query, neverMs).one();
    const times = [wake, this.current()?.wakeMs ?? null].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes everything of a job away. */
  remove(id: string): void {
    this.clearWork(id);
    this.#sql.exec("DELETE FROM _export_jobs WHERE id = ?", id);
  }

  /** Takes away what only a running job needs. */
  clearWork(id: string): void {
    this.#sql.exec("DELETE FROM _export_parts WHERE job = ?", id);
    this.clearTraces(id);
  }

  /** Takes away what only an export that is under way needs. */
  clearTraces(id: string): void {
    unwatch(this.#sql, id);
    new UndoLog(this.#sql, id).end();
    this.#clearRemainder(id);
  }

  #clearRemainder(id: string): void {
    this.#sql.exec("DELETE FROM _export_remainder WHERE job = ?", id);
  }

  addPart(id: string, { partNumber, etag, sha256, md5 }: SentPart): void {
    const insert = "INSERT OR REPLACE INTO _export_parts (job, number, etag, sha256, md5) VALUES (?, ?, ?, ?, ?)";
    this.#sql.exec(insert, id, partNumber, etag, sha256, md5);
  }

  /** In order; they are kept as long as the job is. */
  parts(id: string): readonly SentPart[] {
    if (!this.exists) return [];
    const query = "SELECT number AS partNumber, etag, sha256, md5 FROM _export_parts WHERE job = ? ORDER BY number";
    return this.#sql.exec<{ partNumber: number; etag: string; sha256: string; md5: string }>(query, id).toArray();
  }

  setRemainder(id: string, bytes: Uint8Array): void {
    this.#clearRemainder(id);
    for (let at = 0, number = 0; at < bytes.length; at += remainderRowBytes, number++) {
      const piece = bytes.slice(at, at + remainderRowBytes);
      this.#sql.exec("INSERT INTO _export_remainder (job, number, bytes) VALUES (?, ?, ?)", id, number, piece.buffer);
    }
  }

  remainder(id: string): readonly Uint8Array[] {
    const query = "SELECT bytes FROM _export_remainder WHERE job = ? ORDER BY number";
    return this.#sql
      .exec<{ bytes: ArrayBuffer }>(query, id)
      .toArray()
      .map((row) => new Uint8Array(row.bytes));
  }

  alarmTimes(): AlarmTimes {
    if (!this.exists) return { own: null, host: null };
    return (
      this.#sql
        .exec<{ own: number | null; host: number | null }>("SELECT own, host FROM _export_alarm")
        .toArray()[0] ?? { own: null, host: null }
    );
  }

  setAlarmTimes({ own, host }: AlarmTimes): void {
    this.#sql.exec("INSERT OR REPLACE INTO _export_alarm (one, own, host) VALUES (1, ?, ?)", own, host);
  }

  #jobs(clause: string, ...values: (string | number)[]): Job[] {
    if (!this.exists) return [];
    return this.#sql
      .exec<{ job: string }>(`SELECT job FROM _export_jobs ${clause}`, ...values)
      .toArray()
      .map((row): Job => JSON.parse(row.job));
  }
}
