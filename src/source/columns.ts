/** Columns and primary keys of all tables, each read in one statement. */
import { foldAscii } from "../../formats/expression.ts";
import type { Column } from "../../formats/format.ts";
import { columnSql, type KeyColumn } from "./key.ts";

/** The platform's own tables may not even be described (workerd api/sql.c++:141). */
const described = `FROM pragma_table_list l JOIN %s x WHERE l.schema='main' AND l.type<>'view' AND l.name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`;

/** What the declared types of a table's columns mean: `none` in a virtual table, whose values are whatever its module gives. */
export type Typing = "strict" | "usual" | "none";

interface TableColumns {
  readonly stored: readonly Column[];
  readonly visible: readonly Column[];
  /** All names, ASCII case folded. */
  readonly names: ReadonlySet<string>;
  /** The only primary-key column, if it is declared INTEGER: it may stand for the rowid. */
  readonly alias: string | null;
}

/** Reads every table's columns; the function gives those of one. */
export function readColumns(sql: SqlStorage): (table: string, typing: Typing) => TableColumns {
  const rows = sql
    .exec<{ t: string; name: string; type: string; pk: number; hidden: number }>(
      `SELECT l.name AS t, x.name AS name, x.type AS type, x.pk AS pk, x.hidden AS hidden ${described.replace("%s", "pragma_table_xinfo(l.name)")} ORDER BY l.name, x.cid`,
    )
    .toArray();
  const byTable = Map.groupBy(rows, (row) => row.t);
  return (table, typing) => {
    const own = byTable.get(table) ?? [];
    const column = (row: { name: string; type: string }): Column => {
      const only = typing === "strict" ? strictClass(row.type) : undefined;
      const affinity = typing === "none" ? "BLOB" : affinityOf(row.type, typing);
      return { name: row.name, sql: columnSql(row.name), affinity, ...(only !== undefined && { only }) };
    };
    const primary = own.filter((row) => row.pk > 0);
    const [first] = primary;
    return {
      stored: own.filter((row) => row.hidden === 0).map(column),
      visible: own.filter((row) => row.hidden !== 1).map(column),
      names: new Set(own.map((row) => foldAscii(row.name))),
      alias: primary.length === 1 && first !== undefined && foldAscii(first.type) === "integer" ? first.name : null,
    };
  };
}

/** The columns of every primary-key index, which a rowid alias does not have. */
export function readIndexKeys(sql: SqlStorage): Map<string, readonly KeyColumn[]> {
  const rows = sql
    .exec<{ t: string; name: string; down: number; coll: string; sql: string }>(
      `SELECT l.name AS t, k.name AS name, k."desc" AS down, k.coll AS coll, (SELECT sql FROM sqlite_schema WHERE type='table' AND name=l.name) AS sql ${described.replace("%s", "pragma_index_list(l.name)").replace(" WHERE", " JOIN pragma_index_xinfo(x.name) k WHERE")} AND x.origin='pk' AND k.key=1 ORDER BY l.name, k.seqno`,
    )
    .toArray();
  const keys = new Map<string, readonly KeyColumn[]>();
  for (const [table, columns] of Map.groupBy(rows, (row) => row.t)) {
    keys.set(
      table,
      columns.map((row) => ({
        sql: columnSql(row.name),
        descending: row.down === 1,
        // no pragma tells a column's collation; without the word all are the same
        collation: /collate/i.test(row.sql) ? row.coll : null,
      })),
    );
  }
  return keys;
}

/** https://sqlite.org/datatype3.html#determination_of_column_affinity; ANY in a STRICT table has none. */
function affinityOf(declared: string, typing: "strict" | "usual"): Column["affinity"] {
  const type = foldAscii(declared);
  if (typing === "strict" && type === "any") return "BLOB";
  if (type.includes("int")) return "INTEGER";
  if (/char|clob|text/.test(type)) return "TEXT";
  if (type === "" || type.includes("blob")) return "BLOB";
  return /real|floa|doub/.test(type) ? "REAL" : "NUMERIC";
}

function strictClass(declared: string): Column["only"] {
  switch (foldAscii(declared)) {
    case "int":
    case "integer":
      return "INTEGER";
    case "real":
      return "REAL";
    case "text":
      return "TEXT";
    case "blob":
      return "BLOB";
    default:
      return undefined;
  }
}
