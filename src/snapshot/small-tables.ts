/**
 * Small tables, read in full when an export begins: that takes less than making triggers for them, and however many tables there are it
 * makes none. What they come out as is kept in the database, in a few rows for all of them, until the export gets there.
 */
import { concatBytes } from "../../formats/kit/bytes.ts";
import { KiB } from "../base/units.ts";
import { hasOwn, makeOwn, type OwnTable } from "../schema/own-tables.ts";
import type { Page } from "../reader/rendered-page.ts";

/** What of it stands in one row, in bytes, below the 2 MB that a value may have, and in tables. */
const firstChunkBytes = 512 * KiB;

const firstChunkTables = 1000;

const table: OwnTable = "_durable_export_first";

/** Where a table's rows are, and how many: its place among the file's tables, its chunk, and its bytes there. */
interface Entry {
  readonly place: number;
  readonly chunk: number;
  readonly rows: number;
  readonly lossy: number;
  /** As SQLite rendered it, in bytes: a step ends by that, so a file has the same steps as one that is read live. */
  readonly size: number;
  readonly offset: number;
  readonly length: number;
}

/** As they are kept: place, rows, values lossy, bytes, and the size that SQLite rendered. */
type StoredEntry = readonly [place: number, rows: number, lossy: number, length: number, size: number];

/** All rows of a segment, rendered. */
export interface WholeSegment extends Pick<Page, "rows" | "lossy" | "size"> {
  readonly bytes: readonly Uint8Array[];
}

/** The tables that one export has read first. Synchronous. */
export class SmallTables {
  readonly #sql: SqlStorage;
  readonly #job: string;
  #entries: Map<number, Entry> | null = null;
  /** The last place of each chunk that is still wanted. */
  readonly #ends = new Map<number, number>();
  /** What is not written yet. */
  #open: { readonly entries: StoredEntry[]; readonly bytes: Uint8Array[]; length: number } = newChunk();
  #chunks = 0;
  #last: { readonly chunk: number; readonly bytes: Uint8Array } | null = null;

  constructor(sql: SqlStorage, job: string) {
    this.#sql = sql;
    this.#job = job;
  }

  /** Begins anew, with nothing read. */
  begin(): void {
    this.clear();
    makeOwn(this.#sql, table);
    this.#open = newChunk();
    this.#chunks = 0;
  }

  /** Keeps what all rows of a table came out as; `place` is its place among the tables of the file. */
  add(place: number, { rows, lossy, size, bytes }: WholeSegment): void {
    const length = bytes.reduce((sum, piece) => sum + piece.length, 0);
    this.#open.entries.push([place, rows, lossy, length, size]);
    this.#open.bytes.push(...bytes);
    this.#open.length += length;
    if (this.#open.length >= firstChunkBytes || this.#open.entries.length >= firstChunkTables) this.flush();
  }

  /** Writes what is not written yet. */
  flush(): void {
    if (this.#open.entries.length === 0) return;
    const { entries, bytes } = this.#open;
    const insert = "INSERT INTO _durable_export_first (job, chunk, entries, bytes) VALUES (?, ?, ?, ?)";
    this.#sql.exec(insert, this.#job, this.#chunks++, JSON.stringify(entries), concatBytes(bytes).slice().buffer);
    this.#open = newChunk();
    this.#entries = null;
  }

  /** All rows of a table; null if it is not one that was read first. */
  page(place: number): Page | null {
    const entry = this.#all().get(place);
    if (entry === undefined) return null;
    const { chunk, offset, length, size, rows, lossy } = entry;
    if (this.#last?.chunk !== chunk) {
      const query = "SELECT bytes FROM _durable_export_first WHERE job = ? AND chunk = ?";
      const { bytes } = this.#sql.exec<{ bytes: ArrayBuffer }>(query, this.#job, chunk).one();
      this.#last = { chunk, bytes: new Uint8Array(bytes) };
    }
    return { rows, lossy, bytes: [this.#last.bytes.slice(offset, offset + length)], size, next: null };
  }

  /** True for a table that was read first. */
  has(place: number): boolean {
    return this.#all().has(place);
  }

  /** So many tables of the file are never read again. */
  advance(done: number): void {
    const all = this.#all();
    const first = Math.min(...[...this.#ends].flatMap(([chunk, last]) => (last >= done ? [chunk] : [])));
    const over = [...this.#ends.keys()].filter((chunk) => chunk < first);
    if (over.length === 0 || !hasOwn(this.#sql, table)) return;
    this.#sql.exec("DELETE FROM _durable_export_first WHERE job = ? AND chunk <= ?", this.#job, Math.max(...over));
    for (const chunk of over) this.#ends.delete(chunk);
    for (const [place, { chunk }] of all) if (chunk < first) all.delete(place);
  }

  /** Takes everything of it away. */
  clear(): void {
    this.#entries = null;
    this.#last = null;
    if (hasOwn(this.#sql, table)) this.#sql.exec("DELETE FROM _durable_export_first WHERE job = ?", this.#job);
  }

  #all(): Map<number, Entry> {
    this.#entries ??= this.#load();
    return this.#entries;
  }

  #load(): Map<number, Entry> {
    const all = new Map<number, Entry>();
    this.#ends.clear();
    if (!hasOwn(this.#sql, table)) return all;
    const query = "SELECT chunk, entries FROM _durable_export_first WHERE job = ? ORDER BY chunk";
    for (const { chunk, entries } of this.#sql.exec<{ chunk: number; entries: string }>(query, this.#job)) {
      const list: readonly StoredEntry[] = JSON.parse(entries);
      let offset = 0;
      for (const [place, rows, lossy, length, size] of list) {
        all.set(place, { place, chunk, rows, lossy, size, offset, length });
        offset += length;
        this.#ends.set(chunk, Math.max(place, this.#ends.get(chunk) ?? 0));
      }
    }
    return all;
  }
}

function newChunk() {
  return { entries: [], bytes: [], length: 0 };
}
