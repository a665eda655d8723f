/**
 * A job as text. The text of a job of many tables is too long for one value, and takes 20 ms to make and to read. So its row holds a summary, and the
 * job itself is in pieces: those that hold its plan are written once, and the job that was read last is kept in memory as long as its row is of the same revision.
 */
import { KiB } from "../base/units.ts";
import { summaryOf, type JobSummary } from "./job-summary.ts";
import type { Job } from "./job.ts";

/** Characters of a job's text up to which it is stored in the job's row, as lists read many rows: some hundred tables. */
const maxRowLength = 32 * KiB;

/** Characters of one piece of a longer text: at three bytes each they are below the 2 MB that a value may have. */
const pieceLength = 512 * KiB;

/** Members that do not change while a job runs: they are in the pieces with the first numbers. All pieces, joined, are the job as JSON. */
const planMembers = ["tables", "estimate", "facts", "warnings", "options"] as const;

/** The number of the first piece that holds the other members. */
const firstOtherPiece = 1_000_000;

/** What the row of a job in pieces holds. */
interface StoredSummary extends JobSummary {
  /** Another one each time that the job is written. */
  readonly revision: string;
}

/** A job in pieces as it was written or read last. */
interface CachedJob {
  readonly job: Job;
  readonly revision: string;
}

const instances = new WeakMap<SqlStorage, JobTexts>();

/** The texts of an object's jobs. Synchronous. */
export class JobTexts {
  readonly #sql: SqlStorage;
  #cached: CachedJob | null = null;

  /** One for each object, as it caches. */
  static of(sql: SqlStorage): JobTexts {
    const texts = instances.get(sql) ?? new JobTexts(sql);
    instances.set(sql, texts);
    return texts;
  }

  private constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Gives the text for a job's row, and writes the pieces of one that is too long for it. */
  write(job: Job): string {
    const before = this.#current(job.id);
    const isSamePlan = before !== null && planMembers.every((name) => before[name] === job[name]);
    this.#removePieces(job.id, isSamePlan ? firstOtherPiece : 0);
    const others = Object.fromEntries(
      Object.entries(job).filter(([name]) => !planMembers.some((member) => member === name)),
    );
    const end = `,${JSON.stringify(others).slice(1)}`;
    if (!isSamePlan) {
      const plan = Object.fromEntries(planMembers.map((name) => [name, job[name]]));
      const start = JSON.stringify(plan).slice(0, -1);
      if (start.length + end.length <= maxRowLength) return start + end;
      this.#insertPieces(job.id, 0, start);
    }
    this.#insertPieces(job.id, firstOtherPiece, end);
    const revision = crypto.randomUUID();
    this.#cached = { job, revision };
    return JSON.stringify({ ...summaryOf(job), revision } satisfies StoredSummary);
  }

  /** The job in full whose row holds this text. */
  read(text: string): Job {
    const stored: Job | StoredSummary = JSON.parse(text);
    if (!("revision" in stored)) return stored;
    const { id, revision } = stored;
    if (this.#cached?.job.id === id && this.#cached.revision === revision) return this.#cached.job;
    const query = "SELECT text FROM _durable_export_pieces WHERE job = ? ORDER BY n";
    const pieces = [...this.#sql.exec(query, id).raw<[string]>()];
    const job: Job = JSON.parse(pieces.map(([piece]) => piece).join(""));
    this.#cached = { job, revision };
    return job;
  }

  /** The job whose row holds this text, or its summary, whichever the text is. */
  readRow(text: string): Job | JobSummary {
    const stored: Job | JobSummary = JSON.parse(text);
    return stored;
  }

  remove(id: string): void {
    this.#removePieces(id, 0);
    if (this.#cached?.job.id === id) this.#cached = null;
  }

  /** The cached job, if its row is still of that revision: the host may have rolled back what was written. */
  #current(id: string): Job | null {
    if (this.#cached?.job.id !== id) return null;
    const query = "SELECT json_extract(job, '$.revision') = ? AS same FROM _durable_export_jobs WHERE id = ?";
    const [row] = this.#sql.exec<{ same: number | null }>(query, this.#cached.revision, id).toArray();
    return row?.same === 1 ? this.#cached.job : null;
  }

  #removePieces(id: string, from: number): void {
    this.#sql.exec("DELETE FROM _durable_export_pieces WHERE job = ? AND n >= ?", id, from);
  }

  #insertPieces(id: string, from: number, text: string): void {
    for (const [index, piece] of piecesOf(text).entries())
      this.#sql.exec("INSERT INTO _durable_export_pieces (job, n, text) VALUES (?, ?, ?)", id, from + index, piece);
  }
}

/** A text in pieces, none of which ends with half of a surrogate pair. */
function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    const isHalf = /[\ud800-\udbff]/.test(text.charAt(from + pieceLength - 1));
    const to = from + pieceLength - (isHalf ? 1 : 0);
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}
