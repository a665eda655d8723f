/** Which tables are read as they are, so that their changes must be noted. */
import type { Table } from "../../formats/format.ts";
import type { UndoLog } from "./undo-log.ts";

/**
 * The tables that no log covers; without a log all of them. If a shadow table is among them, its virtual table is, too: that shows what its
 * shadow tables hold.
 */
export function tablesReadLive(tables: readonly Table[], log: UndoLog | null): readonly Table[] {
  if (log === null) return tables;
  const names = new Set(log.uncovered);
  const owners = new Set(tables.flatMap(({ name, owner }) => (names.has(name) ? [owner] : [])));
  return tables.filter(({ name }) => names.has(name) || owners.has(name));
}
