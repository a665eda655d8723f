/** How the rows of one table are kept from now on: by triggers, by a copy, or not at all. */
import { utf8 } from "../../formats/bytes.ts";
import { copiedBytes, copiedRows, statementBytes } from "../limits.ts";
import type { SourceTable } from "./schema.ts";
import { dropUndo, isSmall, type Mode } from "./undo-states.ts";
import { copyOf, definitionOf, isWide, keysOf, moreOf, type UndoNames } from "./undo-tables.ts";
import { statementsOn, triggersOf } from "./undo-triggers.ts";

/** Makes what one table's log consists of; says what that is. */
export function keep(sql: SqlStorage, table: SourceTable, names: UndoNames): Mode {
  if (table.kind !== "table" || /^sqlite_/i.test(table.name)) {
    if (!isSmall(sql, table.name, copiedBytes, copiedRows)) return "live";
    sql.exec(definitionOf(table, names.old));
    if (isWide(table)) sql.exec(moreOf(names));
    sql.exec(copyOf(table, names, ""));
    return "copy";
  }
  if (table.key.kind === "none") return "live";
  const triggers = triggersOf(sql, table, names);
  if (triggers === null || triggers.some((text) => utf8(text).length > statementBytes)) return "live";
  sql.exec(definitionOf(table, names.old));
  sql.exec(keysOf(table, names.added));
  if (isWide(table)) sql.exec(moreOf(names));
  try {
    for (const trigger of triggers) sql.exec(trigger);
    // SQLite looks at what a trigger says when it fires; the host's statements must not be the first to find out
    for (const statement of statementsOn(table)) sql.exec(`EXPLAIN ${statement}`).toArray();
  } catch {
    dropUndo(sql, names.prefix);
    return "live";
  }
  return "log";
}
