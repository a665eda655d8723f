/**
 * SQL for D1 and for other Durable Objects: no transaction of its own, nothing written to sqlite_schema, all tables that foreign keys may
 * name before any row, and no statement that `exec()` would refuse for its length.
 */
import { hexBytes, utf8 } from "../kit/bytes.ts";
import { runnable } from "./ddl.ts";
import { quoteName } from "../kit/expression.ts";
import type { Cell, Column, Content, Chunks, RowEncoder, Schema, SchemaObject, Segment, Table } from "../format.ts";
import { internalSegments, unusedName } from "./internal-tables.ts";
import { literal } from "./literal.ts";
import { indexSegments, indexWarnings } from "./d1-full-text.ts";
import { foreignKeyWarnings, parentsFirst } from "./d1-order.ts";
import { insertInto, rowEncoder } from "./rows.ts";
import { hasWord } from "../kit/tokens.ts";
import { contentOf, moduleOf } from "../kit/virtual-table.ts";

/** workerd refuses 100,000 bytes of SQL at once (util/sqlite.c++:1375); so does D1, whose object it is. */
const longestStatement = 95_000;
const maxColumns = 100;

/** The statements in the order in which they can be run. */
export function* d1Segments(schema: Schema, content: Content): Iterable<Segment> {
  const [data, definitions] = [content !== "schema", content !== "data"];
  const text = (lines: string): Segment => ({ kind: "text", text: lines });
  const define = ({ sql }: SchemaObject) => text(sql === null ? "" : runnable(sql, null).statement);
  const [plain, virtual] = [tablesOf(schema, "table"), tablesOf(schema, "virtual")];
  const checks = data && plain.some((table) => /\bcheck\b/i.test(table.sql ?? ""));
  const stage = unusedName(schema, "large_value");

  yield text("PRAGMA defer_foreign_keys=TRUE;\n");
  if (checks) yield text("PRAGMA ignore_check_constraints=ON;\n");
  // what foreign keys refer to may be unique by an index; virtual tables lock the names of their shadow tables, so they come later
  const [unique, others] = partition(schema.indexes, ({ sql }) => sql !== null && hasWord(sql, "unique"));
  if (definitions) yield* [...plain, ...unique].map(define);
  if (data) for (const circle of parentsFirst(plain)) for (const table of circle) yield rowsOf(table, stage);
  if (definitions) yield* virtual.map(define);
  if (data) {
    for (const table of virtual) {
      if (moduleOf(table) === "fts5") yield* settingsOf(table, schema);
      if (holdsRows(table)) yield rowsOf(table, stage);
    }
    yield* internalSegments(schema, (table) => rowsOf(table, stage));
  }
  if (definitions) yield* schema.views.map(define);
  if (data) for (const table of virtual) yield* indexSegments(table, schema, { isNew: definitions, longestStatement });
  if (definitions) yield* [...schema.triggers, ...others].map(define);
  if (checks) yield text("PRAGMA ignore_check_constraints=OFF;\n");
}

/** What comes back otherwise, as nothing may be written to sqlite_schema. */
export function* d1Warnings(schema: Schema, content: Content): Iterable<string | null> {
  const { tables, views, triggers, indexes } = schema;
  yield null;
  yield* [
    ...tablesOf(schema, "virtual")
      .filter((table) => contentOf(table) === "none")
      .map(
        ({ name }) =>
          `The index of ${quoteName(name)} is left out: an FTS5 table without content cannot be filled from it`,
      ),
    ...tablesOf(schema, "virtual").flatMap((table) => indexWarnings(table, schema)),
    ...tables
      .filter((table) => table.kind !== "shadow" && inlineBytes(table, rowColumns(table)) < 0)
      .map(
        ({ name }) =>
          `The names of the columns of ${quoteName(name)} are so long that D1 may refuse a statement for one of its rows`,
      ),
  ];
  yield null;
  yield* [...tables, ...views, ...triggers, ...indexes]
    .filter(({ sql }) => sql !== null && !runnable(sql, null).isExact)
    .map(({ type, name }) => `The definition of ${type} ${quoteName(name)} comes back with its comment closed`);
  yield null;
  yield* foreignKeyWarnings(schema, content);
}

function partition<T>(list: readonly T[], test: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [list.filter(test), list.filter((one) => !test(one))];
}

function tablesOf(schema: Schema, kind: Table["kind"]): readonly Table[] {
  return schema.tables.filter((table) => table.kind === kind);
}

/** A virtual table is filled by what it shows; but fts5vocab only shows what is in another one. */
function holdsRows(table: Table): boolean {
  return moduleOf(table) !== "fts5vocab" && contentOf(table) === "own";
}

/** What was set by commands, `rank` or `pgsz`, and is kept in a shadow table: set again (https://sqlite.org/fts5.html#special_insert_commands). */
function* settingsOf(table: Table, { tables }: Schema): Iterable<Segment> {
  const name = quoteName(table.name);
  for (const settings of tables) {
    if (settings.owner !== table.name || !settings.name.toLowerCase().endsWith("_config")) continue;
    const rows = () => ({
      ...rowEncoder(settings, settings.insertableColumns),
      open: `INSERT INTO ${name}(${name},rank) VALUES(`,
    });
    yield { kind: "rows", table: { ...settings, where: "k<>'version'" }, columns: settings.insertableColumns, rows };
  }
}

function rowsOf(table: Table, stage: string): Segment {
  const { insertableColumns, rowid } = table;
  const segment = (columns: readonly Column[]) => ({
    columns,
    rows: (): RowEncoder => ({
      ...rowsByColumns(table, columns),
      limit: {
        bytes: longestStatement,
        encodeOversized: (cells: readonly Cell[]) => inSteps(table, columns, cells, stage),
      },
    }),
  });
  const plain: Segment = { kind: "rows", table, ...segment(insertableColumns) };
  if (rowid === null || moduleOf(table)?.startsWith("rtree") === true) return plain; // an R-Tree's first column is its rowid
  return { ...plain, sparse: segment(rowColumns(table)) };
}

/** VALUES of several rows are a result set, which may have 100 columns (`sqlite.c++:1376`): 100 and the rowid go row by row. */
function rowsByColumns(table: Table, columns: readonly Column[]): RowEncoder {
  return rowEncoder(table, columns, columns.length > maxColumns);
}

/** All columns that a statement for a row may name. */
function rowColumns({ rowid, insertableColumns }: Table): readonly Column[] {
  return rowid === null ? insertableColumns : [rowid, ...insertableColumns];
}

/** Bytes of a CAST around a value's hex digits, or of one that fetches it from the table of large values. */
const castBytes = 60;

/** Values of more bytes go by steps, in a row that is too long, so that all others fit as hex; below 0 if even steps may not help. */
function inlineBytes(table: Table, columns: readonly Column[]): number {
  const room = longestStatement - utf8(insertInto(table, columns)).length;
  return Math.floor((room / columns.length - castBytes) / 2);
}

/** Bytes of a value in one step: two hex digits each, and the statement around them. */
const stepBytes = 47_000;

/** A row whose values are first put together, piece by piece, in a table of their own: no constraint sees half of a value. */
function* inSteps(table: Table, columns: readonly Column[], cells: readonly Cell[], stage: string): Generator<Chunks> {
  yield `CREATE TABLE ${stage}(n INTEGER PRIMARY KEY,v);\n`;
  const inline = inlineBytes(table, columns);
  const values: string[] = [];
  for (const [at, cell] of cells.entries()) {
    const bytes = bytesOf(cell);
    if (bytes === null || bytes.length <= inline) {
      values.push(literal(cell));
      continue;
    }
    for (let from = 0; from < bytes.length; from += stepBytes) {
      const digits = hexBytes(bytes.subarray(from, from + stepBytes));
      yield from === 0
        ? [`INSERT INTO ${stage} VALUES(${at},X'`, digits, "');\n"]
        : [`UPDATE ${stage} SET v=v||X'`, digits, `' WHERE n=${at};\n`];
    }
    // what || gives is TEXT, whatever it was made of
    values.push(`CAST((SELECT v FROM ${stage} WHERE n=${at}) AS ${cell instanceof Uint8Array ? "BLOB" : "TEXT"})`);
  }
  yield `${insertInto(table, columns)} VALUES(${values.join(",")});\nDROP TABLE ${stage};\n`;
}

function bytesOf(cell: Cell): Uint8Array | null {
  if (cell === null || typeof cell === "bigint") return null;
  if (typeof cell === "string") return utf8(cell);
  if (cell instanceof Uint8Array) return cell;
  return "invalidUtf8" in cell ? cell.invalidUtf8 : null;
}
