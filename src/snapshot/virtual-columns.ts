/**
 * Virtual columns of rows as they were. They are not kept (`copyOf`), and SQLite computes those of a table when a row is put into it; so the
 * kept rows that a page may need are put into a table of the same definitions, just before the page is read. What cannot be computed then is
 * what nobody could read without a log, and is said as loudly.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import { MiB } from "../base/units.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { SourceTable } from "../schema/catalog.ts";
import type { RowsSegment } from "../reader/source.ts";
import { sizeOfValues } from "./registry.ts";
import { pageQueryOf, type Undo } from "../reader/page-query.ts";

/**
 * Kept rows that are shown for one page, in bytes (`undo-shown.ts`): a page has 256 KiB, but its rows may be larger than those before. A page
 * that would need more is cut there, so only then it matters for what a deflate block holds which rows were changed by when.
 */
const shownBytes = 8 * MiB;

/** Shows the kept rows behind a cursor; gives how many rows the page may have, so that these are enough. */
export function showOld(
  sql: SqlStorage,
  table: SourceTable,
  { old, shown }: { readonly old: string; readonly shown: string },
  at: Cursor,
): number {
  const next = (limit: number) => pageQueryOf({ ...table, name: old }, at, limit, null);
  const size = next(at.limit).select([sizeOfValues(table.kept.map((column) => column.sql))]);
  const sizes = [...sql.exec(size.sql, ...size.values).raw()].map(([bytes]) => Number(bytes));
  let bytes = 0;
  const beyond = sizes.findIndex((one, row) => (bytes += one) > shownBytes && row > 0);
  const limit = beyond === -1 ? at.limit : beyond;
  const columns = table.rowid === null ? table.kept : [table.rowid, ...table.kept];
  const rows = next(limit).select(columns.map((column) => column.sql));
  const names = columns.map((column) => (column === table.rowid ? column.name : quoteName(column.name)));
  sql.exec(`DELETE FROM ${quoteName(shown)}`);
  sql.exec(`INSERT INTO ${quoteName(shown)} (${names.join(",")}) ${rows.sql}`, ...rows.values);
  return limit;
}

/** What an export reads of the rows as they were, if it needs no virtual column; otherwise these must be shown. */
export function readFrom(table: SourceTable, { columns }: RowsSegment, undo: Undo | null): Undo | null {
  const onDisk = new Set([...table.kept, ...(table.rowid === null ? [] : [table.rowid])].map(({ sql }) => sql));
  const isPlain = columns.every(({ sql }) => onDisk.has(sql));
  return undo?.old == null || !isPlain ? undo : { ...undo, old: { ...undo.old, shown: null } };
}
