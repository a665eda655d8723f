/** What is in the database, what of it is exported, and what is left out. */
import { foldAscii, quoteName } from "../../formats/kit/expression.ts";
import type { UnselectedObject, Column, Schema, SchemaObject, Table } from "../../formats/format.ts";
import { hasWord } from "../../formats/kit/tokens.ts";
import { makesShadow } from "../../formats/kit/virtual-table.ts";
import { ExportError } from "../errors.ts";
import { columnSql, rowidSql, type Key } from "./key.ts";
import { runToEnd, plannedAtOnce } from "../base/event-loop.ts";
import { absentFrom, namesOf } from "./absent.ts";
import { Columns } from "./columns.ts";
import { readingSchema } from "./read-errors.ts";
import { virtualKey } from "./virtual-key.ts";
import { isReserved, isReservedSql, readingObjects, type Objects } from "./objects.ts";

/** Lines of `sqlite_schema` that are read in one turn, tables that are described, and parts of a file that are laid out: some 10 ms. */
const describedPerTurn = 100;

/** A table with the key that its rows are read by. */
export interface SourceTable extends Table {
  readonly key: Key;
  /** Columns whose values are on disk: all but virtual generated ones, which are computed when they are read. */
  readonly kept: readonly Column[];
  /** Its line in `sqlite_schema`. */
  readonly line: number;
  /** The rows to export by the table that they tell of; absent for all. */
  readonly filter?: NameFilter;
}

/** Rows whose column is one of some names, which are bound (a statement has only so many bytes), or that meet another condition. */
export interface NameFilter {
  readonly column: "name" | "tbl";
  readonly names: readonly string[];
  readonly otherwise: string;
}

/** Names of the rowid, each where no column takes it. */
const rowidNames = ["rowid", "_rowid_", "oid"];

/** Which tables: null for all, then without the excluded ones. */
export interface Selection {
  readonly tables: readonly string[] | null;
  readonly exclude: readonly string[];
}

/** A schema whose tables can be read. */
export interface SourceSchema extends Omit<Schema, "indexState"> {
  readonly tables: readonly SourceTable[];
  readonly internal: readonly SourceTable[];
}

/** The whole schema, before a selection. */
export interface Catalog extends Omit<Objects, "shown" | "lines"> {
  readonly tables: readonly SourceTable[];
  readonly internal: readonly SourceTable[];
  readonly others: readonly SchemaObject[];
  /** All tables and views that a host can see, by their folded names. */
  readonly known: ReadonlyMap<string, UnselectedObject>;
}

/** Reads the schema in one turn; of the tables those that are selected. */
export function readCatalog(sql: SqlStorage, selection: Selection = everything): Catalog {
  return runToEnd(readingCatalog(sql, selection));
}

const everything: Selection = { tables: null, exclude: [] };

/** Reads it in several turns: whoever lets others in between must look at the fingerprint again afterwards. */
export function* readingCatalog(sql: SqlStorage, selection: Selection): Generator<void, Catalog, void> {
  const { shown, lines, ...rest } = yield* readingObjects(sql);
  const isLong = shown.length > plannedAtOnce;
  if (isLong) yield;
  const listed = [
    ...sql
      .exec("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema='main'")
      .raw<[name: string, type: string, wr: number, strict: number]>(),
  ];
  if (isLong) yield;
  const kinds = new Map(listed.map(([name, type, wr, strict]) => [name, { name, type, wr, strict }]));
  if (isLong) yield;
  const columns = new Columns(sql);
  const virtual = new Map(
    shown.flatMap((object) => (kinds.get(object.name)?.type === "virtual" ? [[foldAscii(object.name), object]] : [])),
  );

  const byFolded = new Map([...kinds.values()].map((kind) => [foldAscii(kind.name), kind]));
  const isRowid = (table: string, column: string): boolean => {
    const kind = byFolded.get(table);
    if (kind === undefined || !/^(table|shadow)$/.test(kind.type) || kind.wr === 1) return false;
    const { names, alias } = columns.of(kind.name, "usual");
    if (!names.has(column)) return rowidNames.includes(column);
    return alias !== null && foldAscii(alias) === column && columns.key(kind.name) === undefined;
  };
  // SQLite goes by the name alone; a user's table may have such a name
  const ownerNamed = ({ name }: SchemaObject) => (kinds.get(name)?.type === "shadow" ? ownerOf(name, virtual) : null);
  const build = (object: SchemaObject): SourceTable => {
    const kind = kinds.get(object.name);
    const typing = kind?.type === "virtual" ? "none" : kind?.strict === 1 ? "strict" : "usual";
    const { stored, visible, kept, names, alias, primaryKey } = columns.of(object.name, typing);
    const withoutRowid = kind?.wr === 1;
    const hasPrimaryIndex = columns.key(object.name) !== undefined;
    const isAlias = alias !== null && !hasPrimaryIndex && !withoutRowid;
    const free = rowidNames.find((name) => !names.has(name));
    const key: Key = withoutRowid
      ? { kind: "columns", columns: columns.key(object.name) ?? [] }
      : isAlias
        ? { kind: "rowid", sql: columnSql(alias) }
        : free === undefined
          ? { kind: "none" }
          : kind?.type === "virtual"
            ? virtualKey(object, rowidSql(free), isRowid)
            : { kind: "rowid", sql: rowidSql(free) };
    const rowid: Column | null =
      key.kind === "rowid" && !isAlias && free !== undefined
        ? { name: free, sql: key.sql, affinity: "INTEGER", storageClass: "INTEGER" }
        : null;
    const owner = ownerNamed(object);
    const tableKind = kind?.type === "virtual" ? "virtual" : owner === null ? "table" : "shadow";
    const exactly = new Map<readonly Column[], readonly Column[]>(); // what is one list stays one
    const exact = (list: readonly Column[]): readonly Column[] => {
      if (!isAlias) return list;
      const known =
        exactly.get(list) ??
        list.map((column): Column => (column.name === alias ? { ...column, storageClass: "INTEGER" } : column));
      exactly.set(list, known);
      return known;
    };
    return {
      ...object,
      type: "table",
      kind: tableKind,
      withoutRowid,
      strict: typing === "strict",
      autoincrement: object.sql !== null && hasWord(object.sql, "autoincrement"),
      insertableColumns: exact(stored),
      columns: exact(visible),
      kept: exact(kept),
      rowid,
      owner,
      key,
      line: lines.get(object.name) ?? 0,
      primaryKey,
      foreignKeys: columns.foreignKeys(object.name),
    };
  };

  const isInternal = (object: SchemaObject) => /^sqlite_/i.test(object.name);
  const isKept = (object: SchemaObject) => /^sqlite_(sequence|stat1)$/i.test(object.name);
  const isChosen = choiceOf(selection);
  const all = shown.filter((object) => object.type === "table");
  const wanted = all.filter((object) =>
    isInternal(object) ? isKept(object) : isChosen(ownerNamed(object) ?? object.name),
  );
  const built: SourceTable[] = [];
  for (let at = 0; at < wanted.length; at += describedPerTurn) {
    const some = wanted.slice(at, at + describedPerTurn);
    readingSchema(sql, () => columns.read(some));
    built.push(...some.map(build));
    columns.forget(some);
    yield;
  }
  return {
    known: namesOf(shown, ownerNamed),
    tables: built.filter((object) => !isInternal(object)),
    internal: built.filter(isKept),
    others: shown.filter((object) => object.type !== "table"),
    ...rest,
  };
}

/** Whether a table is selected, by its name, or its owner's. */
function choiceOf({ tables: wanted, exclude }: Selection): (name: string) => boolean {
  const [chosen, excluded] = [wanted === null ? null : new Set(wanted), new Set(exclude)];
  return (name) => (chosen === null || chosen.has(name)) && !excluded.has(name);
}

/** A shadow table is named after its virtual table: `docs_content` belongs to `docs`. `virtual` is by folded names. */
function ownerOf(name: string, virtual: ReadonlyMap<string, SchemaObject>): string | null {
  const folded = foldAscii(name);
  for (let at = folded.indexOf("_"); at !== -1; at = folded.indexOf("_", at + 1)) {
    const one = virtual.get(folded.slice(0, at));
    if (one !== undefined && makesShadow({ kind: "virtual", sql: one.sql }, folded.slice(at + 1))) return one.name;
  }
  return null;
}

/** The names that a selection may hold. */
export function tableNames(catalog: Catalog): readonly string[] {
  return catalog.tables.filter((table) => table.kind !== "shadow").map((table) => table.name);
}

/** The part of the schema that is to be exported: the tables chosen, and what belongs to them. Throws `data_unreadable`. */
export function select(catalog: Catalog, { tables: wanted, exclude }: Selection): SourceSchema {
  const isChosen = choiceOf({ tables: wanted, exclude });
  const tables = catalog.tables.filter((table) => isChosen(table.owner ?? table.name));
  const views = wanted === null ? catalog.others.filter((object) => object.type === "view") : [];
  const homes = new Set([...tables, ...views].map(({ name }) => foldAscii(name)));
  const others = catalog.others.filter((object) => object.sql !== null && homes.has(foldAscii(object.table)));
  const all = wanted === null && exclude.length === 0;
  const names = tables.map(({ name }) => name);
  const internal = catalog.internal
    .filter((table) => all || table.name !== "sqlite_sequence" || tables.some((one) => one.autoincrement))
    .map((table): SourceTable => {
      const column = table.name === "sqlite_sequence" ? "name" : "tbl";
      // by names alone, whatever tables there are: a new one of the platform's changes nothing of a file that is being made
      const filter: NameFilter = all
        ? { column, names: names.filter(isReserved), otherwise: `${column} IS NULL OR NOT (${isReservedSql(column)})` }
        : { column, names, otherwise: "0" };
      return { ...table, filter };
    });
  const bad = [...tables, ...views, ...others].find(({ name }) => catalog.unreadable.has(name));
  if (bad !== undefined) {
    throw new ExportError(
      "data_unreadable",
      `Cannot export the ${bad.type} ${quoteName(bad.name)}: its definition holds bytes that are no UTF-8; leave table ${quoteName(bad.table)} out, or make it anew`,
    );
  }
  return {
    unselected: absentFrom(catalog.known, [...tables, ...views, ...internal]),
    selectsByName: wanted !== null,
    selectsEverything: all,
    tables,
    indexes: others.filter((object) => object.type === "index"),
    views,
    triggers: others.filter((object) => object.type === "trigger"),
    internal,
    warnings: catalog.warnings,
  };
}
