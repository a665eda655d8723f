/** What a job has uploaded, and the bytes behind its last part, in the exporter's own tables. Synchronous. */
import { MiB } from "../base/units.ts";
import { ownAmong } from "../schema/own-tables.ts";
import type { SentPart } from "./upload.ts";

/** Remainders are stored in rows of this size, below the 2 MB that a value may have. */
const remainderRowBytes = 1 * MiB;

/** The parts and the remainder of each job. */
export class StoredParts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add(id: string, { partNumber, etag, sha256, md5 }: SentPart): void {
    const insert =
      "INSERT OR REPLACE INTO _durable_export_parts (job, number, etag, sha256, md5) VALUES (?, ?, ?, ?, ?)";
    this.#sql.exec(insert, id, partNumber, etag, sha256, md5);
  }

  /** The parts of a job, in order; they are kept as long as the job is. */
  list(id: string): readonly SentPart[] {
    if (ownAmong(this.#sql, ["_durable_export_parts"]).size === 0) return [];
    const query =
      "SELECT number AS partNumber, etag, sha256, md5 FROM _durable_export_parts WHERE job = ? ORDER BY number";
    return this.#sql.exec<{ partNumber: number; etag: string; sha256: string; md5: string }>(query, id).toArray();
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM _durable_export_parts WHERE job = ?", id);
  }

  setRemainder(id: string, bytes: Uint8Array): void {
    this.removeRemainder(id);
    const insert = "INSERT INTO _durable_export_remainder (job, number, bytes) VALUES (?, ?, ?)";
    for (let offset = 0, number = 0; offset < bytes.length; offset += remainderRowBytes, number++)
      this.#sql.exec(insert, id, number, bytes.slice(offset, offset + remainderRowBytes).buffer);
  }

  /** The bytes of a job's file that are in no part yet, in pieces. */
  remainder(id: string): readonly Uint8Array[] {
    const query = "SELECT bytes FROM _durable_export_remainder WHERE job = ? ORDER BY number";
    return this.#sql
      .exec<{ bytes: ArrayBuffer }>(query, id)
      .toArray()
      .map((row) => new Uint8Array(row.bytes));
  }

  removeRemainder(id: string): void {
    this.#sql.exec("DELETE FROM _durable_export_remainder WHERE job = ?", id);
  }
}
