/** One page: rows behind a cursor, rendered by SQLite where it can, on the slow path where it must. */
import type { RowEncoder } from "../../formats/format.ts";
import { KiB } from "../base/units.ts";
import { isGuarded } from "./cells.ts";
import { firstCursor, type Cursor } from "./cursor.ts";
import { isMixed } from "../schema/key.ts";
import { withOddRows } from "./odd-rows.ts";
import { contentOf } from "./page-content.ts";
import {
  fastQuery,
  finishFast,
  noRows,
  readFast,
  renderSlowly,
  type Refused,
  type Rendered,
  type Rendering,
  type Renderings,
} from "./render.ts";
import type { SourceTable } from "../schema/source-table.ts";
import type { Page, RowsSegment } from "./rendered-page.ts";
import type { PageBudget } from "./source.ts";
import type { TableVersions } from "./table-versions.ts";
import { rowOf, pageQueryOf, type Undo } from "./page-query.ts";

/** Where a format limits a page, how much of that it aims at: rows differ in size, and one beyond it is read again. */
const limitAim = 0.75;

/** Rows of the first page of a table, before anything is known of their size, or of the values they hold. */
const firstPageRows = 16;

/** Bytes of a rendered row from which on the slow path takes no more time than the fast one. */
const largeRow = 16 * KiB;

/** A page may hold at most this many times the rows of the page before: rows get larger without notice, and what is too much is read in vain. */
const pageGrowth = { first: 8, until: 128, later: 2 };

/**
 * Rows of a page of the slow path at most.
 */
const slowPageRows = 16;

/** Rows of a page that a format takes as cells or columns, at most: some 10 ms with ten columns. */
const valuesPageRows = 1024;

/** How many times the bytes of a page its rows may have all together, where they are suddenly larger than those before; larger ones are read alone. */
const pageBytesGrowth = 8;

/** Rows of the first slow page after the fast path refused one, when nothing is known of what they hold. */
const slowFirstRows = 2;

/** After a page that needed the slow path, at most so many times its rows go straight to the slow path: 1.02 reads a row. */
const slowBackoffMax = 64;

/** How a page was made: by the fast path, by the slow one at once, by the slow one after the fast one refused, or as values for the format. */
type Path = "fast" | "slow" | "refused" | "values";

/** What a page is read from, and how much of it at most. */
export interface PageRequest {
  readonly sql: SqlStorage;
  readonly table: SourceTable;
  readonly versions: TableVersions;
  readonly budget: PageBudget;
  readonly renderings: Renderings;
}

/** The same for the version of the table that this page is read from. */
interface VersionRequest extends Omit<PageRequest, "versions"> {
  /** What the table's rows were, if they are wanted as they were. */
  readonly undo: Undo | null;
}

/** Reads the page behind a cursor in one synchronous turn. */
export function readPage(request: PageRequest, segment: RowsSegment, from: Cursor | null): Page {
  const { sql, budget, renderings, versions } = request;
  const start = from ?? firstCursor(Math.min(firstPageRows, budget.rows));
  const { table, undo, maxRows } = versions.versionFor(request.table, segment.columns, start);
  const reading: VersionRequest = { sql, table, undo, budget, renderings };
  let at: Cursor = { ...start, limit: maxRows };
  for (;;) {
    const rendering = renderings.of(at.sparse && segment.sparse !== undefined ? segment.sparse : segment);
    const quick = at.slowRows > 0 ? null : renderFast(reading, rendering, at);
    const path: Path =
      rendering.pages !== null
        ? "values"
        : quick === null
          ? "slow"
          : quick === "needs the slow path"
            ? "refused"
            : "fast";
    let rendered = quick ?? "needs the slow path";
    let rows = at.limit;
    // A row that is too large for the engine once it is rendered is not too large to be read.
    if (rendered === "needs the slow path" || (rendered === "too big" && rows === 1)) {
      rows = Math.min(rows, slowRowsOf(rendering, path));
      const most = path === "values" ? budget.bytes * pageBytesGrowth : undefined;
      rendered = renderSlowly(sql, table, rendering, pageQueryOf(table, at, rows, undo), rows, most);
      if (typeof rendered === "object" && rendered.rows === 0 && rendered.isCut) {
        rows = 1;
        rendered = renderSlowly(sql, table, rendering, pageQueryOf(table, at, rows, undo), rows);
      }
    }
    if (typeof rendered === "string") {
      at = { ...at, limit: Math.max(1, rows >>> 1) };
      continue;
    }
    if (!at.sparse && segment.sparse !== undefined && hasGaps(at, rendered)) {
      at = { ...at, sparse: true };
      continue;
    }
    return pageOf(reading, rendering, at, rows, rendered, path);
  }
}

/** Rows of a page that is not rendered by SQLite, at most. */
function slowRowsOf({ columns }: Rendering, path: Path): number {
  if (!isGuarded(columns)) return 1;
  if (path === "values") return valuesPageRows;
  return path === "refused" ? slowFirstRows : slowPageRows;
}

/** The page as SQLite renders it, with the few rows that it cannot; null where there is no such way. */
function renderFast(
  { sql, table, budget, undo }: VersionRequest,
  rendering: Rendering,
  at: Cursor,
): Rendered | Refused | null {
  const most = Math.floor((budget.bytes * pageBytesGrowth) / at.limit);
  const query = fastQuery(table, rendering, pageQueryOf(table, at, at.limit, undo), most);
  if (query === null) return null;
  const page = readFast(sql, query);
  if (page === null) return noRows;
  if (typeof page === "string") return page;
  if (!page.hasMarks) return finishFast(page, rendering);
  return withOddRows(page, rendering, (key) => renderSlowly(sql, table, rendering, rowOf(table, key, undo), 1));
}

function pageOf(
  { table, budget }: VersionRequest,
  rendering: Rendering,
  at: Cursor,
  limit: number,
  rendered: Rendered,
  path: Path,
): Page {
  const { rows, last, lossy, isCut } = rendered;
  const content = contentOf(table, rendering, at, rendered);
  const isLast = rows < limit && !isCut && at.fixed === 0;
  if (isLast) return { ...content, size: rendered.size, rows, lossy, next: null };
  const next: Cursor = {
    key: rows === 0 ? at.key : last,
    repeats: nextRepeats(at, rendered),
    fixed: nextFixed(table, at, rows < limit && !isCut),
    rows: at.rows + rows,
    lossy: at.lossy + lossy,
    limit:
      rows === 0
        ? at.limit
        : nextLimit(
            rendered,
            aimOf(rendering.rows, budget),
            isCut && path !== "fast" && path !== "values" ? 1 : mostRows(at, path, budget),
          ),
    sparse: at.sparse && hasGaps(at, rendered),
    ...nextPath(at, rendered, path),
  };
  return { ...content, size: rendered.size, rows, lossy, next };
}

/** Rows that need the slow path come in runs: each time the fast path is tried in vain, the slow one is kept for longer; and as long as rows are large. */
function nextPath(
  { slowRows, backoff, limit }: Cursor,
  { rows, size }: Rendered,
  path: Path,
): Pick<Cursor, "slowRows" | "backoff"> {
  switch (path) {
    case "fast":
    case "values":
      return { slowRows: 0, backoff: 1 };
    case "slow":
      return { slowRows: Math.max(size >= rows * largeRow ? 1 : 0, slowRows - rows), backoff };
    case "refused":
      return { slowRows: Math.max(0, limit * backoff - rows), backoff: Math.min(backoff * 2, slowBackoffMax) };
  }
}

/** Rows with the key of the last one, those of the pages before included. */
function nextRepeats({ key, repeats: before }: Cursor, { rows, last, repeats }: Rendered): number {
  const goesOn = repeats === rows && String(key?.[0]) === String(last[0]);
  return rows === 0 || goesOn ? before + repeats : repeats;
}

/** A level of a mixed key that is done gives way to the one above it; any other page begins at the deepest level. */
function nextFixed(table: SourceTable, at: Cursor, isDone: boolean): number {
  if (!isMixed(table.key) || table.key.kind !== "columns") return 0;
  return isDone ? at.fixed - 1 : table.key.columns.length - 1;
}

/** As many rows as should fit. */
function nextLimit({ rows, size, isCut }: Rendered, aim: number, most: number): number {
  const fitting = Math.floor((rows * aim) / Math.max(size, 1));
  return Math.max(1, Math.min(fitting, isCut ? rows : most));
}

/** Pages grow step by step; one that only tries whether the fast path is back is a small one. */
function mostRows(at: Cursor, path: Path, budget: PageBudget): number {
  const slow = path === "refused" ? 2 * slowFirstRows : at.slowRows > 0 ? 2 * at.limit : firstPageRows;
  const growth = at.limit < pageGrowth.until ? pageGrowth.first : pageGrowth.later;
  return Math.min(
    path === "fast" || path === "values" ? at.limit * growth : Math.min(slow, firstPageRows),
    budget.rows,
  );
}

/** Bytes that a page should have: where the format sets a limit, somewhat less, so that it is seldom read twice. */
function aimOf({ limit }: RowEncoder, { bytes }: PageBudget): number {
  return limit === undefined ? bytes : Math.min(bytes, limit.bytes * limitAim);
}

/** SQLite gives a row without a rowid the largest one plus 1, and the first row 1. */
function hasGaps(at: Cursor, { rows, first, last }: Rendered): boolean {
  if (rows === 0 || first === null) return false;
  const before = BigInt(at.key?.[0]?.[1] ?? "0");
  return first !== before + 1n || BigInt(last[0]?.[1] ?? "0") !== before + BigInt(rows);
}
