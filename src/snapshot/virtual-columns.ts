/**
 * Virtual columns of rows as they were. They are not kept (`copyOf`), and SQLite computes those of a table when a row is put into it; so the
 * kept rows that a page may need are put into a table of the same definitions, just before the page is read. What cannot be computed then is
 * what nobody could read without a log, and is said as loudly.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import type { Column } from "../../formats/format.ts";
import { MiB } from "../base/units.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { byteLengthSql } from "../schema/table-size.ts";
import { pageQueryOf, type Undo } from "../reader/page-query.ts";
import type { TableVersion } from "../reader/table-versions.ts";

/**
 * Kept rows that are shown for one page, in bytes (`undo-shown.ts`): a page has 256 KiB, but its rows may be larger than those before. A page
 * that would need more is cut there, so only then it matters for what a deflate block holds which rows were changed by when.
 */
const shownBytes = 8 * MiB;

/**
 * Prepares a page: where it needs virtual columns of kept rows, these rows are put into the table that computes them. `maxRows` is how many rows
 * the page may have so that they are enough.
 */
export function withVirtualColumns(
  sql: SqlStorage,
  table: SourceTable,
  undo: Undo,
  columns: readonly Column[],
  cursor: Cursor,
): TableVersion {
  const { old } = undo;
  if (old === null || old.shown === null) return { table, undo, maxRows: cursor.limit };
  if (areOnDisk(table, columns))
    return { table, undo: { ...undo, old: { ...old, shown: null } }, maxRows: cursor.limit };
  return { table, undo, maxRows: showKept(sql, table, { old: old.name, shown: old.shown }, cursor) };
}

/** Shows the kept rows behind a cursor; gives how many rows the page may have, so that these are enough. */
function showKept(
  sql: SqlStorage,
  table: SourceTable,
  { old, shown }: { readonly old: string; readonly shown: string },
  cursor: Cursor,
): number {
  const next = (limit: number) => pageQueryOf({ ...table, name: old }, cursor, limit, null);
  const size = next(cursor.limit).select([byteLengthSql(table.kept.map((column) => column.sql))]);
  const sizes = [...sql.exec(size.sql, ...size.values).raw()].map(([bytes]) => Number(bytes));
  let bytes = 0;
  const beyond = sizes.findIndex((rowBytes, row) => (bytes += rowBytes) > shownBytes && row > 0);
  const limit = beyond === -1 ? cursor.limit : beyond;
  const columns = table.rowid === null ? table.kept : [table.rowid, ...table.kept];
  const rows = next(limit).select(columns.map((column) => column.sql));
  const names = columns.map((column) => (column === table.rowid ? column.name : quoteName(column.name)));
  sql.exec(`DELETE FROM ${quoteName(shown)}`);
  sql.exec(`INSERT INTO ${quoteName(shown)} (${names.join(",")}) ${rows.sql}`, ...rows.values);
  return limit;
}

function areOnDisk({ kept, rowid }: SourceTable, columns: readonly Column[]): boolean {
  const onDisk = new Set([...kept, ...(rowid === null ? [] : [rowid])].map(({ sql }) => sql));
  return columns.every(({ sql }) => onDisk.has(sql));
}
