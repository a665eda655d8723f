/** Which rows of a table a new row takes away: those with the same key, and with the same values where they must be unique. */
import { foldAscii } from "../../formats/kit/expression.ts";
import { isBlank, tokensOf } from "../../formats/kit/tokens.ts";
import { sourcesOf } from "./generated-columns.ts";
import { canRun, updatesOf } from "../schema/runnable-statements.ts";
import { hostTriggersOn, type HostTrigger } from "./host-triggers.ts";
import { columnSql, keyColumns, type KeyColumn } from "../schema/key.ts";
import type { SourceTable } from "../schema/source-table.ts";

/** Columns of which no two rows hold the same. */
export interface UniqueKey {
  readonly columns: readonly KeyColumn[];
  /** The condition on those rows, as a partial index has it. */
  readonly where: string | null;
  /** The stored columns that these are made of, with ASCII case folded. */
  readonly sources: ReadonlySet<string>;
}

/** What rows of a table can be in each other's way by. */
export interface Conflicts {
  /** Its key, and each index that is unique. */
  readonly keys: readonly UniqueKey[];
  /** Columns that may come to hold another value than a BEFORE trigger sees, each with those that are NULL for that. */
  readonly defaults: ReadonlyMap<string, readonly string[]>;
}

/** A page that is merged has the key beside its values, and 100 columns at most. */
const maxKeyColumns = 90;

/** Null where no BEFORE trigger can tell which rows are lost. */
export function conflictsOf(sql: SqlStorage, table: SourceTable): Conflicts | null {
  const unique = uniqueKeys(sql, table);
  if (unique === null) return null;
  const ofKey = keyColumns(table.key);
  // an automatic key is not known before the row is there; what is made of it neither (`NEW` has -1 for it)
  const isMadeOfKey = unique.some((one) => generatedIn(table, one).length > 0 && hasAutomatic(table, one.sources));
  const isCombined = ofKey.length > 1 || unique.some(({ sources }) => sources.size > 1);
  if (
    isMadeOfKey ||
    ofKey.length > maxKeyColumns ||
    (isCombined && hostTriggersOn(sql, table).some((one) => mayRewrite(sql, table, one)))
  )
    return null;
  const defaults = defaultsOf(sql, table);
  // what is done to a moved row before it can be marked as new would be taken for a change of an old one
  if (ofKey.some((column) => defaults.has(column.sql)) && hasFollowers(sql, table)) return null;
  return { keys: [{ columns: ofKey, where: null, sources: new Set() }, ...unique], defaults };
}

/** Columns of a unique key that are not stored as they are given. */
export function generatedIn({ insertableColumns }: SourceTable, { columns }: UniqueKey): readonly KeyColumn[] {
  return columns.filter((column) => !insertableColumns.some(({ sql }) => sql === column.sql));
}

/** True if the INTEGER PRIMARY KEY is one of these columns. */
export function hasAutomatic({ key, rowid, insertableColumns }: SourceTable, columns: ReadonlySet<string>): boolean {
  return (
    rowid === null &&
    key.kind === "rowid" &&
    insertableColumns.some((column) => column.sql === key.sql && columns.has(foldAscii(column.name)))
  );
}

/** Each index that is unique, but for the key; null if one holds an expression, which no pragma tells. */
function uniqueKeys(sql: SqlStorage, table: SourceTable): readonly UniqueKey[] | null {
  const rows = sql
    .exec<{ index: string; sql: string | null; cid: number; name: string | null; coll: string }>(
      `SELECT l.name AS "index", iif(l.partial, m.sql, NULL) AS sql, x.cid AS cid, x.name AS name, x.coll AS coll FROM pragma_index_list(?) l ` +
        `JOIN sqlite_schema m ON m.type='index' AND m.name=l.name JOIN pragma_index_xinfo(l.name) x ` +
        `WHERE l."unique"=1 AND x.key=1 AND NOT (l.origin='pk' AND ?) ORDER BY l.name, x.seqno`,
      table.name,
      table.key.kind === "columns" ? 1 : 0,
    )
    .toArray();
  if (rows.some(({ cid }) => cid < 0)) return null;
  const sources = sourcesOf(table);
  return [...Map.groupBy(rows, (row) => row.index).values()].map((list) => ({
    columns: list.map(({ name, coll }) => ({ sql: columnSql(name ?? ""), collation: coll, descending: false })),
    where: list[0]?.sql == null ? null : conditionOf(list[0].sql),
    sources: new Set(list.flatMap(({ name }) => [...sources(name ?? "")])),
  }));
}

/** What stands behind WHERE in the definition of an index, without comments, and without the table's name in front of columns. */
function conditionOf(definition: string): string {
  const tokens = unqualified(tokensOf(definition).map((token) => (isBlank(token) ? " " : token)));
  let depth = 0;
  const at = tokens.findIndex((token) => {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    return depth === 0 && token.toLowerCase() === "where";
  });
  return tokens
    .slice(at + 1)
    .join("")
    .trim();
}

/** How a name begins; a number does otherwise. */
const isName = /^[A-Za-z_"'`[\u0080-\uffff]/;

/** Names without those of the table and the schema in front of them: `"main"."t"."c"` is `"c"`. Numbers have dots as well. */
function unqualified(tokens: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const token of tokens) {
    const dot = kept.findLastIndex((one) => one !== " ");
    const name = kept.slice(0, Math.max(dot, 0)).findLastIndex((one) => one !== " ");
    const isQualified = kept[dot] === "." && isName.test(kept[name] ?? "") && isName.test(token);
    if (isQualified) kept.splice(name);
    kept.push(token);
  }
  return kept;
}

/** With OR REPLACE a NULL for a NOT NULL column becomes its default, behind the BEFORE triggers, and generated columns are made of that. */
function defaultsOf(sql: SqlStorage, table: SourceTable): Conflicts["defaults"] {
  const query = `SELECT name FROM pragma_table_xinfo(?) WHERE "notnull"=1 AND dflt_value IS NOT NULL`;
  const required = sql.exec<{ name: string }>(query, table.name).toArray();
  if (required.length === 0) return new Map();
  const sources = sourcesOf(table);
  const made = table.columns.map(({ name, sql: column }): [string, readonly string[]] => {
    const own = sources(name);
    return [column, required.flatMap((row) => (own.has(foldAscii(row.name)) ? [columnSql(row.name)] : []))];
  });
  return new Map(made.filter(([, columns]) => columns.length > 0));
}

/** True if a foreign key refers to a table and has an action for updates: it comes behind the row's update, but before AFTER triggers. */
function hasFollowers(sql: SqlStorage, { name }: SourceTable): boolean {
  const query =
    `SELECT 1 FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type='table' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ` +
    `AND f."table"=? COLLATE NOCASE AND f.on_update NOT IN ('NO ACTION','RESTRICT') LIMIT 1`;
  return sql.exec(query, name).toArray().length > 0;
}

/**
 * True for a BEFORE UPDATE trigger that writes, so that it may change other columns of the row that is being updated: those are read again
 * behind it, and no trigger sees which rows are in the way of the old and the new values together. One that cannot run changes nothing.
 */
function mayRewrite(sql: SqlStorage, table: SourceTable, { isBefore, event, columns, writes }: HostTrigger): boolean {
  return isBefore && event === "update" && writes && updatesOf(table, columns).some((one) => canRun(sql, one));
}
