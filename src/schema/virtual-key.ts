/**
 * The key of a virtual table. SQLite promises unique rowids for tables of its own, not for what a module gives: FTS5 over other content hands
 * on what that has in a column, and fts5vocab counts as it goes (https://sqlite.org/fts5.html#external_content_tables).
 */
import { foldAscii } from "../../formats/kit/expression.ts";
import type { SchemaObject } from "../../formats/format.ts";
import { externalContent, moduleOf } from "../../formats/kit/virtual-table.ts";
import type { Key } from "./key.ts";

/** `rowid` is how to read it; `isRowid` tells whether a column is the true rowid of a table of SQLite's own. */
export function virtualKey(
  { sql }: SchemaObject,
  rowid: string,
  isRowid: (table: string, column: string) => boolean,
): Key {
  const definition = { kind: "virtual", sql } as const;
  if (moduleOf(definition) === "fts5vocab") return { kind: "none" };
  const content = externalContent(definition);
  const isUnique = content === null || isRowid(foldAscii(content.name), foldAscii(content.rowid));
  return { kind: isUnique ? "rowid" : "repeated", sql: rowid };
}
