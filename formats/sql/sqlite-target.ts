/** SQL for the sqlite3 shell and node:sqlite: one transaction, and virtual tables as they are stored. */
import { runnable } from "./ddl.ts";
import { foldAscii, quoteName, quoteText } from "../kit/expression.ts";
import type { Content, Schema, SchemaObject, Segment, Table } from "../format.ts";
import { internalSegments } from "./internal-tables.ts";
import { textLiteral } from "./literal.ts";
import { rowEncoder } from "./rows.ts";
import { wholeness } from "./all-or-nothing.ts";

/** The statements in the order in which they can be run. */
export function* sqliteSegments(schema: Schema, content: Content): Iterable<Segment> {
  const [data, definitions] = [content !== "schema", content !== "data"];
  const text = (lines: string): Segment => ({ kind: "text", text: lines });
  const checks = data && schema.tables.some((table) => /\bcheck\b/i.test(table.sql ?? ""));
  // Without rows a virtual table makes its own shadow tables; with them it comes as it is stored.
  const stored = data && definitions && schema.tables.some((table) => table.kind === "virtual");
  const defined = new Map<SchemaObject, Definition>();
  const columnsOf = new Map(schema.tables.map((table) => [table.name, table.columns.map((column) => column.name)]));
  if (definitions) {
    for (const table of schema.tables)
      defined.set(
        table,
        stored && table.kind === "virtual" ? insertSchemaRow(table) : define(table, columnsOf.get(table.name) ?? []),
      );
    for (const object of [...schema.views, ...schema.indexes])
      defined.set(object, define(object, columnsOf.get(object.table) ?? []));
    // a view that is only a line in sqlite_schema is not there yet when its triggers are made
    const lines = new Set(
      schema.views.filter((view) => defined.get(view)?.isWritten).map(({ name }) => foldAscii(name)),
    );
    for (const object of schema.triggers)
      defined.set(object, lines.has(foldAscii(object.table)) ? insertSchemaRow(object) : define(object, []));
  }
  const writable = [...defined.values()].some((definition) => definition.isWritten);

  // The shell of SQLite 3.53 lets a file write to sqlite_schema only if it begins with these two.
  yield text("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n");
  // rows alone go into what is there: triggers may fire, and rows of shadow tables are replaced, so that nobody knows how much is changed
  const whole = definitions ? wholeness(schema, data) : null;
  if (whole !== null) yield whole.open;
  if (checks) yield text("PRAGMA ignore_check_constraints=ON;\n");
  if (writable) yield text("PRAGMA writable_schema=ON;\n");
  for (const table of schema.tables) {
    if (!data && table.kind === "shadow") continue;
    if (definitions) yield text(defined.get(table)?.sql ?? "");
    if (data && table.kind !== "virtual") {
      // A virtual table's shadow tables are filled at birth; theirs are the rows that were there.
      if (!definitions && table.kind === "shadow") yield text(`DELETE FROM ${quoteName(table.name)};\n`);
      yield rowsOf(table);
    }
  }
  if (data && whole !== null) yield whole.rows(schema.tables.filter((table) => defined.get(table)?.isWritten).length);
  if (data) yield* internalSegments(schema, rowsOf);
  for (const object of [...schema.views, ...schema.triggers, ...schema.indexes])
    yield text(defined.get(object)?.sql ?? "");
  if (writable) yield text("PRAGMA writable_schema=OFF;\n");
  if (checks) yield text("PRAGMA ignore_check_constraints=OFF;\n");
  if (whole !== null) yield whole.check(defined.size);
  yield text("COMMIT;\n");
  if (whole !== null) yield whole.close;
}

/** What only one of the readers takes as it is. */
export function sqliteWarnings({ tables, views, triggers, indexes }: Schema): readonly string[] {
  const names = [
    ...[...tables, ...views, ...triggers, ...indexes].map(({ name }) => name),
    ...tables.flatMap((table) => table.columns.map(({ name }) => name)),
  ];
  return names
    .filter((name) => name.includes("\r\n"))
    .map(
      (name) =>
        `The name ${quoteName(name)} holds CR LF, which the sqlite3 shell reads as LF; node:sqlite reads it as it is`,
    );
}

/** SQL that makes an object; `isWritten` where it writes to sqlite_schema for that. */
interface Definition {
  readonly sql: string;
  readonly isWritten: boolean;
}

function define(object: SchemaObject, columns: readonly string[]): Definition {
  if (object.sql === null) return { sql: "", isWritten: false };
  const { statement, isExact } = runnable(object.sql, columns);
  if (isExact) return { sql: statement, isWritten: false };
  // What has no pages of its own needs no more than its line; anything else is made, and then given its text.
  if (object.type === "view" || object.type === "trigger") return insertSchemaRow(object);
  const where = `type=${quoteText(object.type)} AND name=${textLiteral(object.name)}`;
  return {
    sql: `${statement}UPDATE sqlite_schema SET sql=${textLiteral(object.sql)} WHERE ${where};\n`,
    isWritten: true,
  };
}

/** Only its line in sqlite_schema: a virtual table's CREATE would make and fill shadow tables, which come as plain ones. */
function insertSchemaRow({ type, name, table, sql }: SchemaObject): Definition {
  const values = [quoteText(type), textLiteral(name), textLiteral(table), "0", textLiteral(sql ?? "")];
  return {
    sql: `INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql) VALUES(${values.join(",")});\n`,
    isWritten: true,
  };
}

function rowsOf(table: Table): Segment {
  const { insertableColumns, rowid } = table;
  const plain: Segment = {
    kind: "rows",
    table,
    columns: insertableColumns,
    rows: () => rowEncoder(table, insertableColumns),
  };
  if (rowid === null) return plain;
  const columns = [rowid, ...insertableColumns];
  return { ...plain, sparse: { columns, rows: () => rowEncoder(table, columns) } };
}
