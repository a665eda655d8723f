/** What is in the database, what of it is exported, and what is left out. */
import { quoteName, quoteText } from "../../formats/expression.ts";
import type { Column, Schema, SchemaObject, Table } from "../../formats/format.ts";
import type { Key } from "./key.ts";
import { readColumns, readIndexKeys } from "./columns.ts";

/** A table with the key that its rows are read by. */
export interface SourceTable extends Table {
  readonly key: Key;
}

/** Which tables: null for all, then without the excluded ones. */
export interface Selection {
  readonly tables: readonly string[] | null;
  readonly exclude: readonly string[];
}

/** A schema whose tables can be read. */
export interface SourceSchema extends Schema {
  readonly tables: readonly SourceTable[];
}

/** The whole schema, before a selection. */
export interface Catalog {
  readonly tables: readonly SourceTable[];
  readonly internal: readonly SourceTable[];
  readonly others: readonly SchemaObject[];
  readonly warnings: readonly string[];
  /** Text that differs whenever the exported schema does. */
  readonly fingerprint: string;
}

/** Left out: the platform's own tables, the exporter's, and miniflare's. `_` is no wildcard here. */
const hidden = /^(_cf_|_export_|__miniflare)/i;
/** Of these only the key-value store holds data; the other one keeps the alarm. */
const platformData = /^_cf_(?!metadata$)/i;
const statistics = /^sqlite_stat[0-9]/i;

/** Reads the schema in one synchronous turn. */
export function readCatalog(sql: SqlStorage): Catalog {
  const objects = sql
    .exec<{ type: SchemaObject["type"]; name: string; tbl_name: string; sql: string | null }>(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid",
    )
    .toArray()
    .map((row): SchemaObject => ({ type: row.type, name: row.name, table: row.tbl_name, sql: row.sql }));
  const shown = objects.filter((object) => !hidden.test(object.name) && !hidden.test(object.table));
  const kinds = new Map(
    sql
      .exec<{ name: string; type: string; wr: number; strict: number }>(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema='main'",
      )
      .toArray()
      .map((row) => [row.name, row]),
  );
  const columns = readColumns(sql);
  const indexKeys = readIndexKeys(sql);
  const virtual = shown.filter((object) => kinds.get(object.name)?.type === "virtual").map((object) => object.name);

  const build = (object: SchemaObject): SourceTable => {
    const { stored, visible, names, alias } = columns(object.name, kinds.get(object.name)?.strict === 1);
    const kind = kinds.get(object.name);
    const withoutRowid = kind?.wr === 1;
    const hasPrimaryIndex = indexKeys.has(object.name);
    const isAlias = alias !== null && !hasPrimaryIndex && !withoutRowid;
    const free = ["rowid", "_rowid_", "oid"].find((name) => !names.has(name));
    const key: Key = withoutRowid
      ? { kind: "columns", columns: indexKeys.get(object.name) ?? [] }
      : isAlias
        ? { kind: "rowid", sql: quoteName(alias) }
        : free === undefined
          ? { kind: "none" }
          : { kind: "rowid", sql: free };
    const rowid: Column | null =
      key.kind === "rowid" && !isAlias ? { name: key.sql, sql: key.sql, affinity: "INTEGER", only: "INTEGER" } : null;
    const tableKind = kind?.type === "virtual" || kind?.type === "shadow" ? kind.type : "table";
    const owner = tableKind === "shadow" ? ownerOf(object.name, virtual) : null;
    const exact = (list: readonly Column[]) =>
      list.map((column): Column => (isAlias && column.name === alias ? { ...column, only: "INTEGER" } : column));
    return {
      ...object,
      type: "table",
      kind: tableKind,
      withoutRowid,
      strict: kind?.strict === 1,
      stored: exact(stored),
      visible: exact(visible),
      rowid,
      owner,
      key,
    };
  };

  const isInternal = (object: SchemaObject) => /^sqlite_/i.test(object.name);
  const tables = shown.filter((object) => object.type === "table");
  const internal = tables.filter((object) => /^sqlite_(sequence|stat1)$/i.test(object.name)).map(build);
  const left = objects
    .filter((object) => object.type === "table" && platformData.test(object.name))
    .map((object) => object.name);
  const dropped = tables.filter((object) => statistics.test(object.name) && !/^sqlite_stat1$/i.test(object.name));
  return {
    tables: tables.filter((object) => !isInternal(object)).map(build),
    internal,
    others: shown.filter((object) => object.type !== "table"),
    warnings: [...left, ...dropped.map((object) => object.name)].map((name) => `Table ${quoteName(name)} is left out`),
    fingerprint: JSON.stringify(shown.map(({ type, name, sql: text }) => [type, name, text])),
  };
}

/** A shadow table is named after its virtual table: `docs_content` belongs to `docs`. */
function ownerOf(name: string, virtual: readonly string[]): string | null {
  const lower = name.toLowerCase();
  const owners = virtual.filter((owner) => lower.startsWith(`${owner.toLowerCase()}_`));
  return owners.toSorted((one, other) => other.length - one.length)[0] ?? null;
}

/** The names that a selection may hold. */
export function tableNames(catalog: Catalog): readonly string[] {
  return catalog.tables.filter((table) => table.kind !== "shadow").map((table) => table.name);
}

/** The part of the schema that is to be exported: the tables chosen, and what belongs to them. */
export function select(catalog: Catalog, { tables: wanted, exclude }: Selection): SourceSchema {
  const isChosen = (name: string) => (wanted === null || wanted.includes(name)) && !exclude.includes(name);
  const tables = catalog.tables.filter((table) => isChosen(table.owner ?? table.name));
  const names = new Set(tables.map((table) => table.name.toLowerCase()));
  const views = wanted === null ? catalog.others.filter((object) => object.type === "view") : [];
  const homes = new Set([...names, ...views.map((view) => view.name.toLowerCase())]);
  const belongs = (object: SchemaObject) => homes.has(object.table.toLowerCase());
  const all = wanted === null && exclude.length === 0;
  const list = tables.map((table) => quoteText(table.name)).join(",");
  const internal = catalog.internal.map((table) =>
    all ? table : { ...table, where: `${table.name === "sqlite_sequence" ? "name" : "tbl"} IN (${list})` },
  );
  const sequenced = tables.some((table) => /\bautoincrement\b/i.test(table.sql ?? ""));
  return {
    tables,
    indexes: catalog.others.filter((object) => object.type === "index" && object.sql !== null && belongs(object)),
    views,
    triggers: catalog.others.filter((object) => object.type === "trigger" && belongs(object)),
    internal: internal.filter((table) => table.name !== "sqlite_sequence" || sequenced),
    warnings: catalog.warnings,
  };
}
