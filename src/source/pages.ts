/** One page: rows behind a cursor, rendered by SQLite where it can, carefully where it must be. */
import { concatBytes, utf8 } from "../../formats/bytes.ts";
import { quoteName, quoteText } from "../../formats/expression.ts";
import type { Column, RowEncoder } from "../../formats/format.ts";
import {
  carefulPageRows,
  carefulBackoffMax,
  firstPageRows,
  limitAim,
  maxPageRows,
  pageBytes,
  pageGrowth,
} from "../limits.ts";
import { firstCursor, type Cursor, type KeyCell } from "./cursor.ts";
import { readCells } from "./cells.ts";
import { alias, behind, isMixed, keyExpression, orderOf, parseKey, type Bound } from "./key.ts";
import type { SourceTable } from "./schema.ts";
import type { Page, RowsSegment } from "./source.ts";

/** Rows with their columns: with or without the rowid. */
interface Rendering {
  readonly rows: RowEncoder;
  readonly columns: readonly Column[];
}

/** What a read of some rows gave, by either path. */
interface Rendered {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly last: readonly KeyCell[];
  /** The smallest rowid, where rows go by it. */
  readonly first: bigint | null;
  readonly changed: number;
  /** A row that is complete, with what its format puts around the rows of a page. */
  readonly isWhole: boolean;
}

const none: Rendered = { bytes: new Uint8Array(), rows: 0, last: [], first: null, changed: 0, isWhole: false };

/** A page was too large for the engine, or needs the other path: what the next try should be. */
type Refused = "too big" | "needs care";

/** How a page was made: by the fast path, by the careful one at once, or by the careful one after the fast one refused. */
type Path = "fast" | "careful" | "refused";

/** Reads the page behind a cursor in one synchronous turn. */
export function readPage(sql: SqlStorage, table: SourceTable, segment: RowsSegment, from: Cursor | null): Page {
  let at = from ?? firstCursor(segment.rows.fast === undefined ? carefulPageRows : firstPageRows);
  for (;;) {
    const rendering: Rendering = at.sparse && segment.sparse !== undefined ? segment.sparse : segment;
    const isCareful = at.careful > 0 || rendering.rows.fast === undefined;
    const limit = isCareful ? Math.min(at.limit, carefulPageRows) : at.limit;
    const window = windowOf(table, at, limit);
    let rendered = isCareful ? ("needs care" as const) : renderFast(sql, table, rendering, window);
    const path = isCareful ? "careful" : rendered === "needs care" ? "refused" : "fast";
    // A row that is too large for the engine once it is rendered is not too large to be read.
    if (rendered === "needs care" || (rendered === "too big" && limit === 1)) {
      rendered = renderCareful(sql, table, rendering, window);
    }
    if (typeof rendered === "string") {
      at = { ...at, limit: Math.max(1, limit >>> 1) };
      continue;
    }
    if (!at.sparse && segment.sparse !== undefined && hasGaps(at, rendered)) {
      at = { ...at, sparse: true };
      continue;
    }
    return pageOf(table, rendering, at, limit, rendered, path);
  }
}

function pageOf(
  table: SourceTable,
  { rows: encoder }: Rendering,
  at: Cursor,
  limit: number,
  rendered: Rendered,
  path: Path,
): Page {
  const { rows, last, changed, isWhole } = rendered;
  const bytes =
    rows === 0 ? [] : isWhole ? [rendered.bytes] : [utf8(encoder.open), rendered.bytes, utf8(encoder.close)];
  const isLast = rows < limit && at.fixed === 0;
  if (isLast) return { bytes, rows, changed, next: null };
  const next: Cursor = {
    key: rows === 0 ? at.key : last,
    fixed: nextFixed(table, at, rows < limit),
    rows: at.rows + rows,
    changed: at.changed + changed,
    limit:
      rows === 0
        ? at.limit
        : nextLimit(
            rows,
            rendered.bytes.length,
            aimOf(encoder),
            path === "fast" ? at.limit * pageGrowth : firstPageRows,
          ),
    sparse: at.sparse && hasGaps(at, rendered),
    ...nextPath(at, rows, path),
  };
  return { bytes, rows, changed, next };
}

/** Rows that need care come in runs: each time the fast path is tried in vain, the careful one is kept for longer. */
function nextPath({ careful, backoff }: Cursor, rows: number, path: Path): Pick<Cursor, "careful" | "backoff"> {
  switch (path) {
    case "fast":
      return { careful: 0, backoff: 1 };
    case "careful":
      return { careful: Math.max(0, careful - rows), backoff };
    case "refused":
      return { careful: rows * backoff, backoff: Math.min(backoff * 2, carefulBackoffMax) };
  }
}

/** A level of a mixed key that is done gives way to the one above it; any other page begins at the deepest level. */
function nextFixed(table: SourceTable, at: Cursor, isDone: boolean): number {
  if (!isMixed(table.key) || table.key.kind !== "columns") return 0;
  return isDone ? at.fixed - 1 : table.key.columns.length - 1;
}

/** As many rows as should fit; a page that only tries whether the fast path is back is a small one. */
function nextLimit(rows: number, bytes: number, aim: number, most: number): number {
  const fitting = Math.floor((rows * aim) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, most, maxPageRows));
}

/** Bytes that a page should have: where the format sets a limit, somewhat less, so that it is seldom read twice. */
function aimOf({ limit }: RowEncoder): number {
  return limit === undefined ? pageBytes : Math.min(pageBytes, limit.bytes * limitAim);
}

function isBeyond({ limit, open, close }: RowEncoder, bytes: Uint8Array): boolean {
  return limit !== undefined && bytes.length + utf8(open).length + utf8(close).length > limit.bytes;
}

/** SQLite gives a row without a rowid the largest one plus 1, and the first row 1. */
function hasGaps(at: Cursor, { rows, first, last }: Rendered): boolean {
  if (rows === 0 || first === null) return false;
  const before = BigInt(at.key?.[0]?.[1] ?? "0");
  return first !== before + 1n || BigInt(last[0]?.[1] ?? "0") !== before + BigInt(rows);
}

/** FROM, WHERE, ORDER BY and LIMIT of a page. */
function windowOf(table: SourceTable, at: Cursor, limit: number): Bound {
  const conditions = table.where === undefined ? [] : [`(${table.where})`];
  const values: Bound["values"][number][] = [];
  if (at.key !== null && table.key.kind !== "none") {
    const after = behind(table.key, at.key, at.fixed);
    conditions.push(after.sql);
    values.push(...after.values);
  }
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  const order = table.key.kind === "none" ? "" : ` ORDER BY ${orderOf(table.key)}`;
  // Rows that nothing can name are the one case for OFFSET (docs/decisions.md).
  const offset = table.key.kind === "none" ? ` OFFSET ${at.rows}` : "";
  return {
    sql: ` FROM ${quoteName(table.name)} AS ${alias}${where}${order} LIMIT ?${offset}`,
    values: [...values, limit],
  };
}

function renderFast(
  sql: SqlStorage,
  table: SourceTable,
  { rows: encoder }: Rendering,
  window: Bound,
): Rendered | Refused {
  const { fast } = encoder;
  if (fast === undefined) return "needs care";
  const { key } = table;
  const keySql = key.kind === "rowid" ? key.sql : key.kind === "columns" ? keyExpression(key.columns) : "NULL";
  const keys =
    key.kind === "rowid" ? "CAST(min(k) AS TEXT),CAST(max(k) AS TEXT)" : "NULL,CAST(group_concat(k,';') AS BLOB)";
  const row = fast.care === undefined ? fast.row : `CASE WHEN ${fast.care} THEN NULL ELSE ${fast.row} END`;
  const query =
    `SELECT count(*),count(r),${keys},CAST(group_concat(r,${quoteText(encoder.separator)}) AS BLOB) FROM ` +
    `(SELECT ${keySql} AS k,${row} AS r${window.sql})`;
  let result;
  try {
    [result] = [...sql.exec(query, ...window.values).raw()];
  } catch (error) {
    if (isTooBig(error)) return "too big";
    throw error;
  }
  const [count, plain, first, last, page] = result ?? [];
  const rows = Number(count);
  if (rows === 0) return none;
  if (plain !== count || !(page instanceof ArrayBuffer)) return "needs care";
  const raw = new Uint8Array(page);
  if (fast.needsCare?.(raw)) return isBeyond(encoder, raw) ? "too big" : "needs care";
  const bytes = fast.mend?.(raw) ?? raw;
  if (isBeyond(encoder, bytes)) return "too big";
  const found = { ...none, bytes, rows };
  if (last instanceof ArrayBuffer) return { ...found, last: lastKey(new Uint8Array(last)) };
  return typeof last === "string" && typeof first === "string"
    ? { ...found, last: [["i", last]], first: BigInt(first) }
    : found;
}

function lastKey(keys: Uint8Array): readonly KeyCell[] {
  const semicolon = 0x3b;
  return parseKey(new TextDecoder().decode(keys.subarray(keys.lastIndexOf(semicolon) + 1)));
}

/** A value beyond the engine's limit, or beyond what it will allocate at once (workerd build/BUILD.sqlite3:14). */
function isTooBig(error: unknown): boolean {
  return error instanceof Error && /SQLITE_TOOBIG|SQLITE_NOMEM/.test(error.message);
}

function renderCareful(
  sql: SqlStorage,
  table: SourceTable,
  { rows: encoder, columns }: Rendering,
  window: Bound,
): Rendered | "too big" {
  const { keys, rows } = readCells(sql, table.key, columns, window);
  const separator = utf8(encoder.separator);
  const parts: Uint8Array[] = [];
  let changed = 0;
  for (const row of rows) {
    changed += encoder.changes?.count(row) ?? 0;
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
    changed,
    isWhole,
  };
}
