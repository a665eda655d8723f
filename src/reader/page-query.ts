/** The rows of a page: which ones, in which order, from where. */
import { allOf, quoteName } from "../../formats/kit/expression.ts";
import { maxParameters } from "../platform-limits.ts";
import { KiB } from "../base/units.ts";
import type { Cursor } from "./cursor.ts";
import {
  alias,
  after,
  comparable,
  directionOf,
  exactly,
  keyColumns,
  orderOf,
  type SqlFragment,
  type Key,
  type KeyCell,
} from "../schema/key.ts";
import type { NameFilter, SourceTable } from "../schema/source-table.ts";

/** Characters of a list of names that is bound as one parameter, which may have 2 MB in production, and up to three bytes a character. */
const boundNamesLength = 256 * KiB;

/** Values in one result set, of 100 columns at most (workerd util/sqlite.c++:1376): one is needed for the storage classes, one is spare. */
const cellsPerQuery = 98;

/** Rows of a table behind a cursor. */
export interface PageQuery {
  /** A SELECT whose columns are these expressions over the columns of the table, named `c0`, `c1`, … */
  select(expressions: readonly string[]): SqlFragment;
  /** How many expressions one SELECT takes, and how often each stands in it. */
  readonly most: number;
  readonly arms: 1 | 2;
}

/** Tables beside one, which say what its rows were. Both have its key; a row is in one of them at most. */
export interface Undo {
  /** Rows as they were, with all that is on disk; `shown` is where their virtual columns are computed. Null if there are none. */
  readonly old: { readonly name: string; readonly shown: string | null } | null;
  /** Keys of rows that were not there; null if there are none. */
  readonly added: string | null;
}

/** The next rows behind a cursor, as they are, or as they were. */
export function pageQueryOf(table: SourceTable, at: Cursor, limit: number, undo: Undo | null): PageQuery {
  const { key } = table;
  const from = bounded(at, key);
  const passed = key.kind === "none" || key.kind === "repeated" ? (from === null ? at.rows : at.repeats) : 0;
  return rowsOf(table, from === null ? null : after(key, from, at.fixed), passed, limit, undo);
}

/** The row of a key, as it is, or as it was. */
export function rowOf(table: SourceTable, at: readonly KeyCell[], undo: Undo | null): PageQuery {
  return rowsOf(table, exactly(table.key, at), 0, 1, undo);
}

function rowsOf(
  table: SourceTable,
  bounds: SqlFragment | null,
  passed: number,
  limit: number,
  undo: Undo | null,
): PageQuery {
  const { key } = table;
  const conditions = table.where === undefined ? [] : [`(${table.where})`];
  const values: SqlFragment["values"][number][] = [];
  if (bounds !== null) {
    conditions.push(bounds.sql);
    values.push(...bounds.values);
  }
  if (table.filter !== undefined) {
    const lists = listsOf(table.filter.names);
    conditions.push(filtered(table.filter, values.length, lists.length));
    values.push(...lists);
  }
  // parameters may be 100 (workerd util/sqlite.c++:1387), and so may key columns
  const isBound = values.length < maxParameters;
  const most = isBound ? `?${values.length + 1}` : String(limit);
  const bound = isBound ? [...values, limit] : values;
  if (undo !== null) return merged(table, undo, conditions, most, bound);
  // Rows that nothing can name are the one case for OFFSET alone (docs/decisions/0008), and are read by one scan for all their columns: a
  // covering index would give some of them in another order
  const scan = key.kind === "none" ? " NOT INDEXED" : "";
  const offset = passed === 0 ? "" : ` OFFSET ${passed}`;
  const order = key.kind === "none" ? "" : ` ORDER BY ${orderOf(key)}`;
  const tail = ` FROM ${quoteName(table.name)} AS ${alias}${scan}${where(conditions)}${order} LIMIT ${most}${offset}`;
  return {
    select: (expressions) => ({ sql: `SELECT ${named(expressions)}${tail}`, values: bound }),
    most: cellsPerQuery,
    arms: 1,
  };
}

/** The key that the rows are bounded by, if they can be. */
function bounded({ key: last }: Cursor, { kind }: Key): Cursor["key"] {
  if (last === null || kind === "none") return null;
  // A full-text table cuts the fraction off what its content has for a rowid, and compares with all of it: -1.5 is row -1, and in front of -1.
  return kind === "repeated" && BigInt(last[0]?.[1] ?? "0") < 1n ? null : last;
}

/** Names as JSON arrays, each well below the 2 MB that a parameter may have. */
function listsOf(names: readonly string[]): readonly string[] {
  const lists: string[] = [];
  for (let [from, to, size] = [0, 0, 0]; from < names.length || lists.length === 0; [from, size] = [to, 0]) {
    while (to < names.length && (size === 0 || size < boundNamesLength)) size += JSON.stringify(names[to++]).length + 1;
    lists.push(JSON.stringify(names.slice(from, to)));
  }
  return lists;
}

/** The condition that a row's name is in one of the lists, which are the parameters behind the first ones. */
function filtered({ column, otherwise }: NameFilter, before: number, lists: number): string {
  const name = `${alias}.${column}`;
  const found = Array.from(
    { length: lists },
    (_, at) => `${name} IN (SELECT value FROM json_each(?${before + at + 1}))`,
  );
  return `(${[otherwise, ...found].join(" OR ")})`;
}

/** Live rows that have not changed, and old ones, each in the order of the key; SQLite merges the two without sorting. */
function merged(
  { name, key }: SourceTable,
  { old, added }: Undo,
  conditions: readonly string[],
  limit: string,
  values: SqlFragment["values"],
): PageQuery {
  const columns = keyColumns(key);
  const keys = columns.map(({ sql }, at) => `${sql} AS k${at}`);
  const order = columns.map((column, at) => `${comparable({ ...column, sql: `k${at}` })}${directionOf(column)}`);
  const unchanged = [old?.name ?? null, added].flatMap((other) =>
    other === null ? [] : [`NOT ${isIn(key, other, alias)}`],
  );
  return {
    select(expressions) {
      const list = [...keys, named(expressions)].join(",");
      const arm = (from: string, more: readonly string[]) =>
        `SELECT ${list} FROM ${quoteName(from)} AS ${alias}${where([...conditions, ...more])}`;
      const arms = old === null ? [arm(name, unchanged)] : [arm(name, unchanged), arm(old.shown ?? old.name, [])];
      const names = expressions.map((_, at) => `c${at}`).join(",");
      return {
        sql: `SELECT ${names} FROM (${arms.join(" UNION ALL ")} ORDER BY ${order.join(",")} LIMIT ${limit})`,
        values,
      };
    },
    most: cellsPerQuery - columns.length,
    arms: old === null ? 1 : 2,
  };
}

/** True for a row of the name `row` whose key is in another table of the same key. */
export function isIn(key: Key, other: string, row: string): string {
  const same = keyColumns(key).map((column) => {
    const at = (name: string) => column.sql.replace(alias, () => name);
    return `${comparable({ ...column, sql: at("_o") })}=${at(row)}`;
  });
  return `EXISTS (SELECT 1 FROM ${quoteName(other)} AS _o WHERE ${allOf(same) ?? "1"})`;
}

function named(expressions: readonly string[]): string {
  return expressions.map((expression, at) => `${expression} AS c${at}`).join(",");
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}
