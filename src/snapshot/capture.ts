/** How the rows of one table are kept from now on: by triggers, by a copy, or not at all. */
import { utf8 } from "../../formats/kit/bytes.ts";
import { statementBytes } from "../platform-limits.ts";
import { MiB } from "../base/units.ts";
import { canRun, statementsOn, works } from "../schema/runnable-statements.ts";
import { altering } from "../schema/schema-version.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { isSmallTable } from "../schema/table-size.ts";
import { dropUndo, type CaptureMode } from "./registry.ts";
import {
  copyOf,
  definitionOf,
  isComputed,
  isWide,
  keysOf,
  moreOf,
  shownOf,
  type UndoNames,
} from "./undo-log-tables.ts";
import { triggersOf } from "./triggers.ts";

/** Tables that can have no triggers (virtual ones and what they keep) are copied for a snapshot up to so many bytes, in one turn. */
const copiedBytes = 4 * MiB;

/** And up to so many rows. */
const copiedRows = 65_536;

/** How a table is kept, and by how many triggers. */
export interface Captured {
  readonly mode: CaptureMode;
  readonly triggers: number;
}

/** Makes the triggers and tables that keep one table's rows, and says which way was possible. */
export function capture(sql: SqlStorage, table: SourceTable, names: UndoNames): Captured {
  if (table.kind !== "table" || /^sqlite_/i.test(table.name)) {
    if (!isSmallTable(sql, table.name, copiedBytes, copiedRows)) return readLive;
    // a table of the host's that has the name of a shadow table may have virtual columns; its copy is read as it is
    const definition = isComputed(table) ? shownOf(table, names.old) : definitionOf(table, names.old);
    if (definition === null) return readLive;
    altering(sql, () => {
      sql.exec(definition);
      if (isWide(table)) sql.exec(moreOf(names));
    });
    const copy = copyOf(table, names, "");
    if (!isComputed(table)) sql.exec(copy);
    else if (!works(sql, copy)) {
      dropUndo(sql, names.prefix);
      return readLive;
    }
    return { mode: "copy", triggers: 0 };
  }
  if (table.key.kind === "none") return readLive;
  const triggers = triggersOf(sql, table, names);
  if (triggers === null || triggers.some((text) => utf8(text).length > statementBytes)) return readLive;
  // SQLite looks at what a trigger says when it fires; the host's statements must not be the first to find out
  const kinds = statementsOn(table);
  const usual = kinds.flatMap(([first]) => first ?? []);
  const isKept =
    isProved(sql, table, names, triggers, usual) ||
    // a statement that cannot run without them either, as a trigger of the host's is broken, changes no row and proves nothing
    isProved(
      sql,
      table,
      names,
      triggers,
      kinds.flatMap((all) => all.find((statement) => canRun(sql, statement)) ?? []),
    );
  return isKept ? { mode: "log", triggers: triggers.length } : readLive;
}

const readLive: Captured = { mode: "live", triggers: 0 };

/** Makes a log's tables and triggers; if one of these statements cannot run then, they are gone again. */
function isProved(
  sql: SqlStorage,
  table: SourceTable,
  names: UndoNames,
  triggers: readonly string[],
  statements: readonly string[],
): boolean {
  const shown = isComputed(table) ? shownOf(table, names.shown) : null;
  const made = shown === null ? triggers : [shown, ...triggers];
  const isMade = altering(sql, () => {
    sql.exec(definitionOf(table, names.old));
    sql.exec(keysOf(table, names.added));
    if (isWide(table)) sql.exec(moreOf(names));
    return (shown !== null || !isComputed(table)) && made.every((definition) => works(sql, definition));
  });
  if (isMade && statements.every((statement) => canRun(sql, statement))) return true;
  dropUndo(sql, names.prefix);
  return false;
}
