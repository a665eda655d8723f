/** What FTS5 must be asked for by commands of its own: https://sqlite.org/fts5.html#special_insert_commands */
import { quoteName } from "../../formats/kit/expression.ts";
import type { Schema, Table } from "../../formats/format.ts";
import { externalContent, moduleOf } from "../../formats/kit/virtual-table.ts";
import { MiB } from "../base/units.ts";
import { canRun } from "./runnable-statements.ts";
import { isSmallTable } from "./table-size.ts";

/** The index of an FTS5 table is compared with its content up to so many bytes: 185 ms for 2.3 MiB of index over 8.4 MiB of text. */
const comparedIndexBytes = 4 * MiB;

/** And up to so many blocks of it (4,050 bytes each, if FTS5's `pgsz` was not changed). */
const comparedIndexBlocks = 4096;

/** FTS5 writes what was changed in this turn to its shadow tables when the turn ends; where they are read now, it must do so now. */
export function flush(sql: SqlStorage, table: Pick<Table, "kind" | "name" | "sql"> | undefined): void {
  if (table !== undefined && moduleOf(table) === "fts5") flushIndex(sql, table.name);
}

/** The same for a table that is known to be one of FTS5's. */
export function flushIndex(sql: SqlStorage, name: string): void {
  command(sql, name, "(%) VALUES ('flush')");
}

/** Whether the index of a table with external content is what that content gives now. All of both is read, in one turn. */
export function indexState(sql: SqlStorage, table: Table): ReturnType<Schema["indexState"]> {
  if (!isReadable(sql, table)) return "unreadable";
  if (!isSmallTable(sql, `${table.name}_data`, comparedIndexBytes, comparedIndexBlocks)) return "unknown";
  try {
    command(sql, table.name, "(%, rank) VALUES ('integrity-check', 1)"); // 1: the content is compared, too
    return "as its content";
  } catch {
    return "otherwise"; // SQLITE_CORRUPT_VTAB where they differ; whatever else it is, a rebuild would not go better
  }
}

function command(sql: SqlStorage, table: string, what: string): void {
  const name = quoteName(table);
  sql.exec(`INSERT INTO ${name}${what.replace("%", () => name)}`);
}

/** True if the content has all columns of the table: FTS5 looks at that when it reads them, not before. */
function isReadable(sql: SqlStorage, table: Table): boolean {
  const content = externalContent(table);
  if (content === null) return true;
  const columns = [content.rowid, ...table.columns.map(({ name }) => name)].map((name) => `_c.${quoteName(name)}`);
  return canRun(sql, `SELECT ${columns.join(",")} FROM ${quoteName(content.name)} AS _c`);
}
