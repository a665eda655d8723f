/** SQL for the sqlite3 shell and node:sqlite: schema, rows, and what belongs to them, in one transaction. */
import { closeStatement } from "./ddl.ts";
import { quoteName, quoteText } from "./expression.ts";
import type { Content, DatabaseFormat, Schema, SchemaObject, Segment, Table } from "./format.ts";
import { rowEncoder } from "./sql-rows.ts";

/** A whole database, or some tables, as SQL statements. */
export const sql = {
  name: "sql",
  extension: ".sql",
  mediaType: "application/sql", // RFC 6922
  scope: "database",
  *segments(schema: Schema, content: Content): Iterable<Segment> {
    const [data, definitions] = [content !== "schema", content !== "data"];
    const text = (lines: string): Segment => ({ kind: "text", text: lines });
    const checks = data && schema.tables.some((table) => /\bcheck\b/i.test(table.sql ?? ""));
    // Without rows a virtual table makes its own shadow tables; with them it comes as it is stored.
    const stored = data && definitions && schema.tables.some((table) => table.kind === "virtual");

    // The shell of SQLite 3.53 takes virtual tables into an empty database only if the file begins with these two.
    yield text(`${comments(schema.warnings)}PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n`);
    if (checks) yield text("PRAGMA ignore_check_constraints=ON;\n");
    if (stored) yield text("PRAGMA writable_schema=ON;\n");
    for (const table of schema.tables) {
      if (!data && table.kind === "shadow") continue;
      if (definitions) yield text(stored && table.kind === "virtual" ? virtualTable(table) : definition(table));
      if (data && table.kind !== "virtual") {
        // A virtual table's shadow tables are filled at birth; theirs are the rows that were there.
        if (!definitions && table.kind === "shadow") yield text(`DELETE FROM ${quoteName(table.name)};\n`);
        yield rowsOf(table);
      }
    }
    if (data) {
      for (const table of schema.internal) {
        const name = quoteName(table.name);
        yield text(table.name === "sqlite_sequence" ? `DELETE FROM ${name};\n` : "ANALYZE sqlite_schema;\n");
        yield rowsOf(table);
      }
    }
    if (definitions) {
      for (const object of [...schema.views, ...schema.triggers, ...schema.indexes]) yield text(definition(object));
    }
    if (stored) yield text("PRAGMA writable_schema=OFF;\n");
    if (checks) yield text("PRAGMA ignore_check_constraints=OFF;\n");
    const tables = schema.tables.filter((table) => table.kind !== "shadow").length;
    yield { kind: "text", text: ({ rows }) => `COMMIT;\n-- dump complete: ${tables} tables, ${rows} rows\n` };
  },
} as const satisfies DatabaseFormat;

function comments(lines: readonly string[]): string {
  return lines.map((line) => `-- warning: ${line.replaceAll(/[\r\n]+/g, " ")}\n`).join("");
}

function definition(object: SchemaObject): string {
  return object.sql === null ? "" : closeStatement(object.sql);
}

/** Its own CREATE would make and fill the shadow tables anew; this only enters it, and they come as plain tables. */
function virtualTable(table: Table): string {
  const values = ["'table'", quoteText(table.name), quoteText(table.name), "0", quoteText(table.sql ?? "")];
  return `INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql) VALUES(${values.join(",")});\n`;
}

function rowsOf(table: Table): Segment {
  const { stored, rowid } = table;
  const plain: Segment = { kind: "rows", table, columns: stored, rows: rowEncoder(table, stored) };
  if (rowid === null) return plain;
  const columns = [rowid, ...stored];
  return { ...plain, sparse: { columns, rows: rowEncoder(table, columns) } };
}
