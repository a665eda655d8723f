/**
 * A digest of what an R-Tree keeps: it can have no triggers, and nothing else tells whether it was changed
 * (https://sqlite.org/rtree.html#column_names_and_types). All of it is read, in one turn.
 */
import { concat, quoteName } from "../../formats/kit/expression.ts";
import { MiB } from "../base/units.ts";
import { alias } from "../schema/key.ts";
import { isSmallTable } from "../schema/table-size.ts";

/** What an R-Tree keeps is read to see whether it was changed, up to so many bytes: 7 MiB in nodes take some 80 ms. */
const digestedBytes = 32 * MiB;

/** And up to so many rows. */
const digestedRows = 1_000_000;

/** The digest of an R-Tree; null where it is too large to be read at once. */
export function digestOf(sql: SqlStorage, rtree: string): string | null {
  const nodes = `${rtree}_node`;
  const rows = `${rtree}_rowid`;
  if (![nodes, rows].every((table) => isSmallTable(sql, table, digestedBytes, digestedRows))) return null;
  const digest = new Digest();
  for (const [node, bytes] of sql.exec(`SELECT nodeno, data FROM ${quoteName(nodes)} ORDER BY 1`).raw())
    digest.add(Number(node), bytes);
  const more = moreColumns(sql, rows);
  if (more.length === 0) return digest.toString(); // rows are in their nodes
  const values = concat(more.map((column) => `';',${exactly(`${alias}.${quoteName(column)}`)}`));
  const lines = `SELECT rowid / 1000 AS part, concat(rowid, ${values}) AS line FROM ${quoteName(rows)} AS ${alias}`;
  const parts = `SELECT part, CAST(group_concat(line) AS BLOB) FROM (${lines}) GROUP BY part ORDER BY part`;
  for (const [part, bytes] of sql.exec(parts).raw()) digest.add(Number(part), bytes);
  return digest.toString();
}

/** Columns that an R-Tree keeps beside its coordinates. */
function moreColumns(sql: SqlStorage, rows: string): readonly string[] {
  const query = "SELECT name FROM pragma_table_info(?) WHERE name NOT IN ('rowid', 'nodeno')";
  return [...sql.exec<{ name: string }>(query, rows)].map(({ name }) => name);
}

/** A text that differs for values that differ. */
function exactly(value: string): string {
  return `CASE WHEN typeof(${value}) IN ('text','blob') THEN concat(typeof(${value}),hex(${value})) ELSE quote(${value}) END`;
}

/** Two sums of 32 bits each: an accident goes unseen once in 2^64. */
class Digest {
  #one = 0x811c9dc5;
  #other = 0x9e3779b9;

  add(place: number, value: SqlStorageValue | undefined): void {
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array();
    this.#word(place);
    this.#word(bytes.length);
    const whole = bytes.length & ~3;
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < whole; at += 4) this.#word(view.getInt32(at, true));
    for (let at = whole; at < bytes.length; at++) this.#word(view.getUint8(at));
  }

  /** FNV-1a by words, and a rotation with the multiplier of MurmurHash3. */
  #word(word: number): void {
    this.#one = Math.imul(this.#one ^ word, 0x01000193);
    this.#other = Math.imul(((this.#other << 13) | (this.#other >>> 19)) ^ word, 0x85ebca6b);
  }

  toString(): string {
    return [this.#one, this.#other].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
