/** Some rows, rendered: by SQLite in one statement, or carefully from cells. */
import { concatBytes, utf8 } from "../../formats/bytes.ts";
import { quoteText } from "../../formats/expression.ts";
import type { Column, FastRows, RowEncoder } from "../../formats/format.ts";
import { statementBytes } from "../limits.ts";
import { readCells } from "./cells.ts";
import type { KeyCell } from "./cursor.ts";
import type { Bound, Key } from "./key.ts";
import { keyTerms, lastKey } from "./page-key.ts";
import type { SourceTable } from "./schema.ts";
import type { Window } from "./window.ts";

/** Rows with their columns: with or without the rowid. */
export interface Rendering {
  readonly rows: RowEncoder;
  readonly columns: readonly Column[];
}

/** What a read of some rows gave, by either path. */
export interface Rendered {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly last: readonly KeyCell[];
  /** The smallest rowid, where rows go by it. */
  readonly first: bigint | null;
  readonly noted: number;
  /** A row that is complete, with what its format puts around the rows of a page. */
  readonly isWhole: boolean;
}

const none: Rendered = { bytes: new Uint8Array(), rows: 0, last: [], first: null, noted: 0, isWhole: false };

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
  const bytes = fast.finish === undefined ? raw : fast.finish(raw);
  if (bytes === null || behind === null) return isBeyond(encoder, raw) ? "too big" : "needs care";
  if (isBeyond(encoder, bytes)) return "too big";
  return { ...none, bytes, rows, last: behind, first: typeof first === "string" ? BigInt(first) : null };
}

function isBeyond({ limit, open, close }: RowEncoder, bytes: Uint8Array): boolean {
  return limit !== undefined && bytes.length + utf8(open).length + utf8(close).length > limit.bytes;
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
  const separator = utf8(encoder.separator);
  const parts: Uint8Array[] = [];
  let noted = 0;
  for (const row of rows) {
    noted += encoder.noted?.count(row) ?? 0;
    const encoded = encoder.encode(row);
    if (parts.length > 0) parts.push(separator);
    parts.push(typeof encoded === "string" ? utf8(encoded) : encoded);
  }
  const first = keys[0]?.[0];
  const bytes = parts.length === 0 ? new Uint8Array() : concatBytes(parts);
  const [only] = rows;
  const isWhole = isBeyond(encoder, bytes);
  if (isWhole && (rows.length > 1 || only === undefined)) return "too big";
  return {
    bytes: isWhole && only !== undefined && encoder.limit !== undefined ? utf8(encoder.limit.large(only)) : bytes,
    rows: rows.length,
    last: keys.at(-1) ?? [],
    first: table.key.kind === "rowid" && first !== undefined ? BigInt(first[1]) : null,
    noted,
    isWhole,
  };
}
