/**
 * What the rows of a full-text table come from: an index of FTS5's own, or other tables, as with external content and fts5vocab
 * (https://sqlite.org/fts5.html#external_content_tables). They change when those do, and nothing of the table itself tells that.
 */
import type { Table } from "../../formats/format.ts";
import { externalContent, moduleOf, vocabularyOf } from "../../formats/kit/virtual-table.ts";

/** All that rows are made of. */
export interface Origins {
  /** FTS5 tables. */
  readonly indexes: readonly string[];
  /** R-Trees. */
  readonly rtrees: readonly string[];
  /** Tables that may have triggers. */
  readonly tables: readonly string[];
}

type Definition = Pick<Table, "kind" | "name" | "sql">;

/** Tables of which one shows the next, at most. */
const deepest = 8;

/** Null where that cannot be told, or cannot be watched: views, tables of other modules, tables of SQLite's own. */
export function originsOf(sql: SqlStorage, table: Definition, depth = 0): Origins | null {
  switch (moduleOf(table)) {
    case "fts5": {
      const content = externalContent(table);
      const own = { indexes: [table.name], rtrees: [], tables: [] };
      if (content === null) return own;
      const below = behindName(sql, content.name, depth);
      return below && { ...below, indexes: [...own.indexes, ...below.indexes] };
    }
    case "fts5vocab":
      return behindName(sql, vocabularyOf(table), depth);
    case "rtree":
    case "rtree_i32":
      return { indexes: [], rtrees: [table.name], tables: [] };
    default:
      return null;
  }
}

function behindName(sql: SqlStorage, name: string, depth: number): Origins | null {
  const query =
    "SELECT l.type AS type, s.name AS name, s.sql AS sql FROM pragma_table_list l JOIN sqlite_schema s ON s.type = 'table' AND s.name = l.name WHERE l.schema = 'main' AND l.name = ? COLLATE NOCASE";
  const [found] = sql.exec<{ type: string; name: string; sql: string }>(query, name).toArray();
  if (found?.type === "virtual" && depth < deepest)
    return originsOf(sql, { kind: "virtual", name: found.name, sql: found.sql }, depth + 1);
  return found?.type === "table" && !/^sqlite_/i.test(found.name)
    ? { indexes: [], rtrees: [], tables: [found.name] }
    : null;
}
