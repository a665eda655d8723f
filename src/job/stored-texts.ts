/**
 * What a job's row holds. The text of one of many tables is too long for one value, and takes 20 ms to make and to read: it goes into pieces, of which those
 * that hold its plan are written once, and what was read last is kept as long as its row says that it is still that.
 */
import { KiB } from "../base/units.ts";
import { briefly, isBrief, type BriefJob } from "./job-summary.ts";
import type { Job } from "./job.ts";

/** Characters of a job's text that stand in its own row, of which a list reads many: some hundred tables. */
const longestInline = 32 * KiB;

/** Characters of one piece of a longer text: at three bytes each they are below the 2 MB that a value may have. */
const pieceLength = 512 * KiB;

/** What a plan says, in the pieces with the first numbers; all else is behind them. All pieces, one behind the other, are the job as JSON. */
const planned = ["tables", "estimate", "facts", "warnings", "options"] as const;
const firstOfRest = 1_000_000;

/** A long job that was written or read, and what its row says of its pieces. */
interface Known {
  readonly job: Job;
  readonly revision: string;
}

const all = new WeakMap<SqlStorage, JobTexts>();

/** The texts of an object's jobs. Synchronous. */
export class JobTexts {
  readonly #sql: SqlStorage;
  #known: Known | null = null;

  static of(sql: SqlStorage): JobTexts {
    const texts = all.get(sql) ?? new JobTexts(sql);
    all.set(sql, texts);
    return texts;
  }

  private constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A job as its row is to hold it; what is too long for that goes into rows of its own. */
  written(job: Job): string {
    const before = this.#current(job.id);
    const isSamePlan = before !== null && planned.every((name) => before[name] === job[name]);
    this.#clear(job.id, isSamePlan ? firstOfRest : 0);
    const rest = Object.fromEntries(Object.entries(job).filter(([name]) => !planned.some((one) => one === name)));
    const behind = `,${JSON.stringify(rest).slice(1)}`;
    if (!isSamePlan) {
      const plan = Object.fromEntries(planned.map((name) => [name, job[name]]));
      const front = JSON.stringify(plan).slice(0, -1);
      if (front.length + behind.length <= longestInline) return front + behind;
      this.#insert(job.id, 0, front);
    }
    this.#insert(job.id, firstOfRest, behind);
    const revision = crypto.randomUUID();
    this.#known = { job, revision };
    return JSON.stringify({ ...briefly(job), revision });
  }

  /** The job of a row. */
  read(text: string): Job {
    const kept: Job | BriefJob = JSON.parse(text);
    if (!isBrief(kept)) return kept;
    const { id, revision = "" } = kept;
    if (this.#known?.job.id === id && this.#known.revision === revision) return this.#known.job;
    const query = "SELECT text FROM _durable_export_pieces WHERE job = ? ORDER BY n";
    const pieces = [...this.#sql.exec(query, id).raw<[string]>()];
    const job: Job = JSON.parse(pieces.map(([piece]) => piece).join(""));
    if (revision !== "") this.#known = { job, revision };
    return job;
  }

  remove(id: string): void {
    this.#clear(id, 0);
    if (this.#known?.job.id === id) this.#known = null;
  }

  /** The job that is known, if its row is still of that; the host may have taken back what was written. */
  #current(id: string): Job | null {
    if (this.#known?.job.id !== id) return null;
    const query = "SELECT json_extract(job, '$.revision') = ? AS same FROM _durable_export_jobs WHERE id = ?";
    const [row] = this.#sql.exec<{ same: number | null }>(query, this.#known.revision, id).toArray();
    return row?.same === 1 ? this.#known.job : null;
  }

  #clear(id: string, from: number): void {
    this.#sql.exec("DELETE FROM _durable_export_pieces WHERE job = ? AND n >= ?", id, from);
  }

  #insert(id: string, from: number, text: string): void {
    for (const [n, piece] of piecesOf(text).entries())
      this.#sql.exec("INSERT INTO _durable_export_pieces (job, n, text) VALUES (?, ?, ?)", id, from + n, piece);
  }
}

/** A text in pieces, none of which ends in half of a character. */
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
