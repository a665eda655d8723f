/** What is in the database, what of it is exported, and what is left out. */
import { foldAscii } from "../../formats/kit/expression.ts";
import type { Column, SchemaObject } from "../../formats/format.ts";
import { hasWord } from "../../formats/kit/tokens.ts";
import { makesShadow } from "../../formats/kit/virtual-table.ts";
import { columnSql, rowidSql, type Key } from "./key.ts";
import { runToEnd, plannedAtOnce } from "../base/event-loop.ts";
import { namesOf } from "./absent.ts";
import { Columns } from "./columns.ts";
import { readingSchema } from "./read-errors.ts";
import { virtualKey } from "./virtual-key.ts";
import { readingObjects } from "./objects.ts";
import { choiceOf, type Selection } from "./selection.ts";
import type { Catalog, SourceTable } from "./source-table.ts";

/** Lines of `sqlite_schema` that are read in one turn, tables that are described, and parts of a file that are laid out: some 10 ms. */
const describedPerTurn = 100;

/** Names of the rowid, each where no column takes it. */
const rowidNames = ["rowid", "_rowid_", "oid"];

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

/** A shadow table is named after its virtual table: `docs_content` belongs to `docs`. `virtual` is by folded names. */
function ownerOf(name: string, virtual: ReadonlyMap<string, SchemaObject>): string | null {
  const folded = foldAscii(name);
  for (let at = folded.indexOf("_"); at !== -1; at = folded.indexOf("_", at + 1)) {
    const one = virtual.get(folded.slice(0, at));
    if (one !== undefined && makesShadow({ kind: "virtual", sql: one.sql }, folded.slice(at + 1))) return one.name;
  }
  return null;
}
