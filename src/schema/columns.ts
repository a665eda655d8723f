/** Columns and primary keys of tables. */
import { foldAscii } from "../../formats/kit/expression.ts";
import type { Column, ForeignKey } from "../../formats/format.ts";
import { columnSql, type KeyColumn } from "./key.ts";

/** What the declared types of a table's columns mean: `none` in a virtual table, whose values are whatever its module gives. */
export type Typing = "strict" | "usual" | "none";

interface TableColumns {
  readonly stored: readonly Column[];
  readonly visible: readonly Column[];
  /** Columns whose values are on disk: all but virtual generated ones, which are computed when they are read. */
  readonly kept: readonly Column[];
  /** All names, ASCII case folded. */
  readonly names: ReadonlySet<string>;
  /** The only primary-key column, if it is declared INTEGER: it may stand for the rowid. */
  readonly alias: string | null;
  readonly primaryKey: readonly string[];
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
  readonly hidden: number;
}

interface KeyInMaking extends ForeignKey {
  readonly columns: string[];
  readonly parentColumns: string[];
}

/** Columns and primary keys of tables, read for many at once. The platform's own may not even be described (workerd api/sql.c++:141). */
export class Columns {
  readonly #sql: SqlStorage;
  readonly #columns = new Map<string, ColumnRow[]>();
  readonly #keys = new Map<string, KeyColumn[]>();
  readonly #foreign = new Map<string, Map<number, KeyInMaking>>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Reads those of some tables, each with its definition. */
  read(tables: readonly { readonly name: string; readonly sql: string | null }[]): void {
    const names = JSON.stringify(tables.map(({ name }) => name));
    const columns =
      "SELECT n.key, x.name, x.type, x.pk, x.hidden FROM json_each(?) n JOIN pragma_table_xinfo(n.value) x ORDER BY n.key, x.cid";
    this.forget(tables);
    for (const { name } of tables) this.#columns.set(name, []);
    for (const [at, name, type, pk, hidden] of this.#sql
      .exec(columns, names)
      .raw<[at: number, name: string, type: string, pk: number, hidden: number]>())
      this.#columns.get(tables[at]?.name ?? "")?.push({ name, type, pk, hidden });
    const referring = tables.filter((table) => /references/i.test(table.sql ?? "")).map(({ name }) => name);
    if (referring.length > 0) this.#readForeign(referring);
    const keys =
      'SELECT n.key, k.name, k."desc", k.coll FROM json_each(?) n JOIN pragma_index_list(n.value) l JOIN pragma_index_xinfo(l.name) k ' +
      "WHERE l.origin='pk' AND k.key=1 ORDER BY n.key, k.seqno";
    for (const [at, name, down, coll] of this.#sql
      .exec(keys, names)
      .raw<[at: number, name: string, down: number, coll: string]>()) {
      const table = tables[at];
      if (table === undefined) continue;
      const own = this.#keys.get(table.name) ?? [];
      this.#keys.set(table.name, own);
      // no pragma tells a column's collation; without the word all are the same
      const collation = /collate/i.test(table.sql ?? "") ? coll : null;
      own.push({ sql: columnSql(name), descending: down === 1, collation });
    }
  }

  #readForeign(tables: readonly string[]): void {
    const query =
      'SELECT n.value, f.id, f."table", f."from", f."to", f.on_delete, f.on_update FROM json_each(?) n JOIN pragma_foreign_key_list(n.value) f ORDER BY n.key, f.id, f.seq';
    type Row = [table: string, id: number, parent: string, from: string, to: string | null, del: string, up: string];
    for (const [table, id, parent, from, to, onDelete, onUpdate] of this.#sql
      .exec(query, JSON.stringify(tables))
      .raw<Row>()) {
      const own = this.#foreign.get(table) ?? new Map<number, KeyInMaking>();
      this.#foreign.set(table, own);
      const key = own.get(id) ?? { parent, columns: [], parentColumns: [], onDelete, onUpdate };
      own.set(id, key);
      key.columns.push(from);
      if (to !== null) key.parentColumns.push(to);
    }
  }

  /** Lets go of what was read of some tables; whoever asks for one of them once more reads it again. */
  forget(tables: readonly { readonly name: string }[]): void {
    for (const { name } of tables) for (const read of [this.#columns, this.#keys, this.#foreign]) read.delete(name);
  }

  /** The foreign keys of a table that was read with its definition. */
  foreignKeys(table: string): readonly ForeignKey[] {
    return [...(this.#foreign.get(table)?.values() ?? [])];
  }

  /** The columns of a primary-key index, which a rowid alias does not have. */
  key(table: string): readonly KeyColumn[] | undefined {
    return this.#keys.get(table);
  }

  of(table: string, typing: Typing): TableColumns {
    if (!this.#columns.has(table)) this.read([{ name: table, sql: null }]); // one that is not exported
    const own = this.#columns.get(table) ?? [];
    const column = (row: { name: string; type: string }): Column => {
      const storageClass = typing === "strict" ? strictClass(row.type) : undefined;
      const affinity = typing === "none" ? "BLOB" : affinityOf(row.type, typing);
      return {
        name: row.name,
        sql: columnSql(row.name),
        affinity,
        ...(storageClass !== undefined && { storageClass }),
      };
    };
    const primary = own.filter((row) => row.pk > 0);
    const [first] = primary;
    const made = own.map((row) => ({ hidden: row.hidden, column: column(row) }));
    const all = made.map((one) => one.column);
    // one list, where they are the same: with thousands of tables there are many of them
    const those = (isOne: (hidden: number) => boolean) =>
      own.every(({ hidden }) => isOne(hidden)) ? all : all.filter((_, at) => isOne(made[at]?.hidden ?? 0));
    return {
      stored: those((hidden) => hidden === 0),
      visible: those((hidden) => hidden !== 1),
      kept: those((hidden) => hidden === 0 || hidden === 3),
      names: new Set(own.map((row) => foldAscii(row.name))),
      alias: primary.length === 1 && first !== undefined && foldAscii(first.type) === "integer" ? first.name : null,
      primaryKey: primary.map(({ name }) => name),
    };
  }
}

/** https://sqlite.org/datatype3.html#determination_of_column_affinity; ANY in a STRICT table has none. */
function affinityOf(declared: string, typing: "strict" | "usual"): Column["affinity"] {
  if (declared === "") return "BLOB";
  const type = foldAscii(declared);
  if (typing === "strict" && type === "any") return "BLOB";
  if (type.includes("int")) return "INTEGER";
  if (/char|clob|text/.test(type)) return "TEXT";
  if (type === "" || type.includes("blob")) return "BLOB";
  return /real|floa|doub/.test(type) ? "REAL" : "NUMERIC";
}

function strictClass(declared: string): Column["storageClass"] {
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
