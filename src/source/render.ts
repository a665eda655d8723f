/** Some rows, rendered: by SQLite in one statement, or carefully from cells. */
import { utf8 } from "../../formats/bytes.ts";
import { quoteText } from "../../formats/expression.ts";
import type { Column, Encoded, FastRows, RowEncoder } from "../../formats/format.ts";
import { statementBytes } from "../limits.ts";
import { readCells } from "./cells.ts";
import type { KeyCell } from "./cursor.ts";
import type { Bound, Key } from "./key.ts";
import { keyTerms, lastKey, lastRepeats, runLength } from "./page-key.ts";
import type { SourceTable } from "./schema.ts";
import type { Window } from "./window.ts";

/** Rows with their columns: with or without the rowid. */
export interface Rendering {
  readonly rows: RowEncoder;
  readonly columns: readonly Column[];
}

/** What a read of some rows gave, by either path. */
export interface Rendered {
  readonly bytes: readonly Uint8Array[];
  readonly rows: number;
  readonly last: readonly KeyCell[];
  /** How many of the last rows have that key, where it may repeat. */
  readonly repeats: number;
  /** The smallest rowid, where rows go by it. */
  readonly first: bigint | null;
  readonly noted: number;
  /** A row that is complete, with what its format puts around the rows of a page. */
  readonly isWhole: boolean;
}

const none: Rendered = { bytes: [], rows: 0, last: [], repeats: 0, first: null, noted: 0, isWhole: false };

/** A page was too large for the engine, or needs the other path: what the next try should be. */
export type Refused = "too big" | "needs care";

/** The fast path's statement, and what it was made for. */
interface FastQuery extends Bound {
  readonly key: Key;
  readonly fast: FastRows;
}

/** The fast path's statement; null where the format has none for this table, or it would be longer than the engine takes. */
export function fastQuery({ key }: SourceTable, { rows: { fast } }: Rendering, window: Window): FastQuery | null {
  if (fast === undefined) return null;
  const keys = keyTerms(key, fast);
  const row = fast.care === undefined ? fast.row : `CASE WHEN ${fast.care} THEN NULL ELSE ${fast.row} END`;
  const { sql: rows, values } = window.select([keys.row, row]);
  const sql = `SELECT count(*),count(c1),${keys.page},CAST(group_concat(c1,${quoteText(fast.separator)}) AS BLOB) FROM (${rows})`;
  return sql.length > statementBytes || utf8(sql).length > statementBytes ? null : { sql, values, key, fast };
}

/** Renders the rows of a window in SQLite. */
export function renderFast(sql: SqlStorage, query: FastQuery, { rows: encoder }: Rendering): Rendered | Refused {
  let result;
  try {
    [result] = [...sql.exec(query.sql, ...query.values).raw()];
  } catch (error) {
    if (isTooBig(error)) return "too big";
    throw error;
  }
  const [count, plain, first, last, page] = result ?? [];
  const rows = Number(count);
  if (rows === 0) return none;
  if (plain !== count || !(page instanceof ArrayBuffer)) return "needs care";
  const raw = new Uint8Array(page);
  const { key, fast } = query;
  const behind = lastKey(key, fast, last ?? null, raw); // first, as `finish` uses the page up
  const repeats = lastRepeats(key, last ?? null);
  const bytes = fast.finish === undefined ? raw : fast.finish(raw);
  if (bytes === null || behind === null) return isBeyond(encoder, [raw]) ? "too big" : "needs care";
  if (isBeyond(encoder, [bytes])) return "too big";
  return {
    ...none,
    bytes: [bytes],
    rows,
    last: behind,
    repeats,
    first: typeof first === "string" ? BigInt(first) : null,
  };
}

function isBeyond({ limit, open, close }: RowEncoder, bytes: readonly Uint8Array[]): boolean {
  return limit !== undefined && sizeOf(bytes) + utf8(open).length + utf8(close).length > limit.bytes;
}

/** Bytes of all of these together. */
export function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((size, part) => size + part.length, 0);
}

/** A value beyond the engine's limit, or beyond what it will allocate at once (workerd build/BUILD.sqlite3:14). */
function isTooBig(error: unknown): boolean {
  return error instanceof Error && /SQLITE_TOOBIG|SQLITE_NOMEM/.test(error.message);
}

/** Renders the rows of a window here, from cells. */
export function renderCareful(
  sql: SqlStorage,
  table: SourceTable,
  { rows: encoder, columns }: Rendering,
  window: Window,
): Rendered | "too big" {
  const { keys, rows } = readCells(sql, table.key, columns, window);
  if (rows.length === 0) return none;
  const noted = rows.reduce((sum, row) => sum + (encoder.noted?.count(row) ?? 0), 0);
  const bytes = bytesOf(rows.flatMap((row, at) => [at === 0 ? "" : encoder.separator, encoder.encode(row)].flat()));
  const first = keys[0]?.[0];
  const [only] = rows;
  const isWhole = isBeyond(encoder, bytes);
  if (isWhole && rows.length > 1) return "too big";
  return {
    bytes: isWhole && only !== undefined && encoder.limit !== undefined ? [utf8(encoder.limit.large(only))] : bytes,
    rows: rows.length,
    last: keys.at(-1) ?? [],
    repeats: table.key.kind === "repeated" ? runLength(keys.map((one) => String(one))) : 0,
    first: table.key.kind === "rowid" && first !== undefined ? BigInt(first[1]) : null,
    noted,
    isWhole,
  };
}

/** Pieces as bytes, with neighbouring texts in one. */
function bytesOf(pieces: readonly Encoded[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") text += piece;
    else {
      parts.push(utf8(text), piece);
      text = "";
    }
  }
  return [...parts, utf8(text)];
}
