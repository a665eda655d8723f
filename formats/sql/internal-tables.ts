/** What SQLite keeps for itself, and takes back by statements: `sqlite_sequence` and `sqlite_stat1`. */
import { quoteName } from "../kit/expression.ts";
import type { Schema, Segment, Table } from "../format.ts";

/** Their rows, each table with what makes it and empties it. To come after the rows of all tables. */
export function* internalSegments(schema: Schema, rowsOf: (table: Table) => Segment): Iterable<Segment> {
  for (const table of schema.internal) {
    yield { kind: "text", text: table.name === "sqlite_sequence" ? emptySequence(schema) : "ANALYZE sqlite_schema;\n" };
    yield rowsOf(table);
  }
}

/** An AUTOINCREMENT table makes `sqlite_sequence`; where the last one was dropped, it has stayed. */
function emptySequence(schema: Schema): string {
  const stage = unusedName(schema, "sequence");
  return schema.tables.some((table) => table.autoincrement)
    ? 'DELETE FROM "sqlite_sequence";\n'
    : `CREATE TABLE ${stage}(n INTEGER PRIMARY KEY AUTOINCREMENT);\nDROP TABLE ${stage};\n`;
}

/** A name, quoted, that nothing in the file has. */
export function unusedName(schema: Schema, wanted: string): string {
  const taken = new Set([...schema.tables, ...schema.views, ...schema.indexes].map(({ name }) => name.toLowerCase()));
  let name = wanted;
  while (taken.has(name)) name += "_";
  return quoteName(name);
}
