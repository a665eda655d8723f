/** Some rows, rendered: by SQLite in one statement, or, on the slow path, from cells. */
import { quoteText } from "../../formats/kit/expression.ts";
import { utf8 } from "../../formats/kit/bytes.ts";
import type {
  Cell,
  CellEncoder,
  Column,
  ColumnEncoder,
  FastPath,
  RowEncoder,
  TableEncoder,
} from "../../formats/format.ts";
import { maxParameters, statementBytes } from "../platform-limits.ts";
import { KiB, MiB } from "../base/units.ts";
import { readCells } from "./cells.ts";
import type { SqlFragment, Key, KeyCell } from "../schema/key.ts";
import { keyTerms, lastKey, lastRepeats, mark, runLength } from "./page-key.ts";
import { piecesOf, sizeOfCells, streamed } from "./pieces.ts";
import type { SourceTable } from "../schema/source-table.ts";
import type { PageQuery } from "./page-query.ts";

/** Bytes of values that a slow page of several rows may have; a row of more than its share stands alone. */
const slowPageBytes = 1 * MiB;

/** Bytes of a row's values from which on it is written piece by piece. */
const largeRowBytes = 256 * KiB;

/** Rows with their columns: with or without the rowid. */
export interface Rendering {
  /** What renders them; renders nothing where `pages` takes them as values. */
  readonly rows: RowEncoder;
  /** What takes the rows of a page as values; null where they are rendered. */
  readonly pages: CellEncoder | ColumnEncoder | null;
  readonly columns: readonly Column[];
}

function renderingOf(encoder: TableEncoder, columns: readonly Column[]): Rendering {
  if (!("rowsAs" in encoder)) return { rows: encoder, pages: null, columns };
  const { lossy } = encoder;
  const rows = { open: "", separator: "", close: "", encode: () => "", ...(lossy !== undefined && { lossy }) };
  return { rows, pages: encoder, columns };
}

/** Makes the encoder of a segment, and keeps the last one: its next page is as a rule what is read next. */
export class Renderings {
  #last: { readonly of: () => TableEncoder; readonly rendering: Rendering } | null = null;

  of({ rows, columns }: { readonly rows: () => TableEncoder; readonly columns: readonly Column[] }): Rendering {
    if (this.#last?.of !== rows) this.#last = { of: rows, rendering: renderingOf(rows(), columns) };
    return this.#last.rendering;
  }
}

/** What a read of some rows gave, by either path. */
export interface Rendered {
  /** To be taken once: those of a large row are made as they are asked for. */
  readonly bytes: Iterable<Uint8Array>;
  /** The rows' values, where the format takes them as such. */
  readonly cells?: readonly (readonly Cell[])[];
  /** Bytes of it; of a large row those that are stored. */
  readonly size: number;
  readonly rows: number;
  readonly last: readonly KeyCell[];
  /** How many of the last rows have that key, where it may repeat. */
  readonly repeats: number;
  /** The smallest rowid, where rows go by it. */
  readonly first: bigint | null;
  readonly lossy: number;
  /** A row that is complete, with what its format puts around the rows of a page. */
  readonly isWhole: boolean;
  /** There are more rows in the window: they would be too much for one page. */
  readonly isCut: boolean;
}

export const noRows: Rendered = {
  bytes: [],
  size: 0,
  rows: 0,
  last: [],
  repeats: 0,
  first: null,
  lossy: 0,
  isWhole: false,
  isCut: false,
};

/** A page was too large for the engine, or needs the other path: what the next try should be. */
export type Refused = "too big" | "needs the slow path";

/** The fast path's statement, and what it was made for. */
interface FastQuery extends SqlFragment {
  readonly key: Key;
  readonly fast: FastPath;
  /** Bytes that a row may have. */
  readonly most: number;
  /** True if a row that needs the slow path, or is larger, comes as its key behind a mark. */
  readonly isMarked: boolean;
}

/** What the fast path gave. */
export interface FastPage {
  readonly raw: Uint8Array;
  readonly count: number;
  readonly last: readonly KeyCell[];
  readonly repeats: number;
  readonly first: bigint | null;
  readonly key: Key;
  readonly fast: FastPath;
  /** Some rows are only marked. */
  readonly hasMarks: boolean;
}

/**
 * The fast path's statement, with no row of more than `most` bytes in what it gives; null where the format has none for this table, or it
 * would be longer than the engine takes.
 */
export function fastQuery(
  { key }: SourceTable,
  { rows: { fastPath } }: Rendering,
  window: PageQuery,
  most: number,
): FastQuery | null {
  if (fastPath === undefined) return null;
  const keys = keyTerms(key, fastPath);
  const row =
    fastPath.fallbackWhen === undefined
      ? fastPath.row
      : `CASE WHEN ${fastPath.fallbackWhen} THEN NULL ELSE ${fastPath.row} END`;
  const isMarked = keys.one !== null && fastPath.values !== undefined;
  const { sql: rows, values } = window.select([keys.row, row, ...(isMarked ? keys.more : [])]);
  const isBound = values.length < maxParameters;
  const limit = isBound ? `?${values.length + 1}` : String(most);
  const small = `CASE WHEN octet_length(c1)<=${limit} THEN c1${isMarked ? ` ELSE concat(char(${mark}),${keys.one})` : ""} END`;
  const sql = `SELECT count(*),count(c1),max(octet_length(c1)),${keys.page},CAST(group_concat(${small},${quoteText(fastPath.separator)}) AS BLOB) FROM (${rows})`;
  if (sql.length > statementBytes || utf8(sql).length > statementBytes) return null;
  return { sql, values: isBound ? [...values, most] : values, key, fast: fastPath, most, isMarked };
}

/** Half of the rows at least are read in vain where as many of them need the slow path. */
const mostMarked = 1 / 4;

/** Reads the rows of a window as SQLite renders them. */
export function readFast(sql: SqlStorage, query: FastQuery): FastPage | null | Refused {
  let result;
  try {
    [result] = [...sql.exec(query.sql, ...query.values).raw()];
  } catch (error) {
    if (isTooBig(error)) return "too big";
    throw error;
  }
  const [count, plain, widest, first, last, page] = result ?? [];
  const rows = Number(count);
  if (rows === 0) return null;
  const [odd, isWide] = [rows - Number(plain), Number(widest) > query.most];
  if (odd > (query.isMarked ? rows * mostMarked : 0)) return "needs the slow path";
  if (isWide && (!query.isMarked || rows === 1)) return rows === 1 ? "needs the slow path" : "too big";
  if (!(page instanceof ArrayBuffer)) return "needs the slow path";
  const raw = new Uint8Array(page);
  const { key, fast } = query;
  const behind = lastKey(key, fast, last ?? null, raw); // first, as `finish` uses the page up
  if (behind === null) return "needs the slow path";
  return {
    raw,
    count: rows,
    last: behind,
    repeats: lastRepeats(key, last ?? null),
    first: typeof first === "string" ? BigInt(first) : null,
    key,
    fast,
    hasMarks: odd > 0 || isWide,
  };
}

/** Makes of a page as SQLite rendered it what the format wants. */
export function finishFast(page: FastPage, { rows: encoder }: Rendering): Rendered | Refused {
  const { raw, count, last, repeats, first, fast } = page;
  const { length } = raw;
  const bytes = fast.transformPage === undefined ? raw : fast.transformPage(raw);
  if (bytes === null) return isBeyond(encoder, length) ? "too big" : "needs the slow path";
  if (isBeyond(encoder, bytes.length)) return "too big";
  return { ...noRows, bytes: [bytes], size: bytes.length, rows: count, last, repeats, first };
}

/** True if the rows of a page have more bytes than their format allows for. */
export function isBeyond({ limit, open, close }: RowEncoder, size: number): boolean {
  return limit !== undefined && size + utf8(open).length + utf8(close).length > limit.bytes;
}

/** A value beyond the engine's limit, or beyond what it will allocate at once (workerd build/BUILD.sqlite3:14). */
function isTooBig(error: unknown): boolean {
  return error instanceof Error && /SQLITE_TOOBIG|SQLITE_NOMEM/.test(error.message);
}

/** Renders the rows of a window here, from cells; of several up to one that is too large to stand beside others. */
export function renderSlowly(
  sql: SqlStorage,
  { key }: SourceTable,
  { rows: encoder, pages, columns }: Rendering,
  window: PageQuery,
  limit: number,
  mostBytes: number = slowPageBytes,
): Rendered | "too big" {
  const most = limit === 1 ? null : Math.floor(mostBytes / limit);
  const { keys, rows, isCut } = readCells(sql, key, columns, window, most);
  const [only] = rows;
  if (only === undefined) return { ...noRows, isCut };
  const lossy = rows.reduce((sum, row) => sum + (encoder.lossy?.count(row) ?? 0), 0);
  const first = keys[0]?.[0];
  const rendered = {
    ...noRows,
    rows: rows.length,
    last: keys.at(-1) ?? [],
    repeats: key.kind === "repeated" ? runLength(keys.map((one) => String(one))) : 0,
    first: key.kind === "rowid" && first !== undefined ? BigInt(first[1]) : null,
    lossy,
    isCut,
  };
  if (pages !== null) return { ...rendered, cells: rows, size: rows.reduce((sum, row) => sum + sizeOfCells(row), 0) };
  const stored = sizeOfCells(only);
  if (rows.length === 1 && stored >= largeRowBytes) {
    const isWhole = isBeyond(encoder, stored);
    const pieces = isWhole && encoder.limit !== undefined ? encoder.limit.encodeOversized(only) : encoder.encode(only);
    return { ...rendered, bytes: streamed(pieces), size: stored, isWhole };
  }
  const bytes = piecesOf(
    rows.map((row) => encoder.encode(row)),
    encoder.separator,
  );
  const size = bytes.reduce((sum, part) => sum + part.length, 0);
  const isWhole = isBeyond(encoder, size);
  if (!isWhole) return { ...rendered, bytes, size };
  if (rows.length > 1) return "too big";
  return {
    ...rendered,
    bytes: encoder.limit === undefined ? bytes : streamed(encoder.limit.encodeOversized(only)),
    size,
    isWhole,
  };
}
