/** What FTS5 must be asked for by commands of its own: https://sqlite.org/fts5.html#special_insert_commands */
import { quoteName } from "../../formats/expression.ts";
import type { Schema, Table } from "../../formats/format.ts";
import { moduleOf } from "../../formats/virtual.ts";
import { comparedIndexBytes, comparedIndexBlocks } from "../limits.ts";
import { isSmall } from "./undo-states.ts";

/** FTS5 writes what was changed in this turn to its shadow tables when the turn ends; where they are read now, it must do so now. */
export function flush(sql: SqlStorage, table: Table | undefined): void {
  if (table !== undefined && moduleOf(table) === "fts5") command(sql, table.name, "(%) VALUES ('flush')");
}

/** Whether the index of a table with external content is what that content gives now. All of both is read, in one turn. */
export function indexState(sql: SqlStorage, table: Table): ReturnType<Schema["indexState"]> {
  if (!isSmall(sql, `${table.name}_data`, comparedIndexBytes, comparedIndexBlocks)) return "unknown";
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
