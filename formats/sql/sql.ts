/** SQL: schema, rows, and what belongs to them. For the sqlite3 shell and node:sqlite, or for D1 and Durable Objects. */
import type { FormatOptions, Content, DatabaseFormat, Schema, Segment } from "../format.ts";
import { brokenWarnings } from "./definitions/broken-warnings.ts";
import { neededBy, neededLine } from "./definitions/needed-version.ts";
import { d1Segments, d1Warnings } from "./d1-target.ts";
import { sqliteSegments, sqliteWarnings } from "./sqlite-target.ts";

/** A whole database, or some tables, as SQL statements. */
export const sql = {
  name: "sql",
  extension: ".sql",
  mediaType: "application/sql", // RFC 6922
  options: {
    target: {
      doc: "What the statements are made for.",
      values: {
        sqlite: "the `sqlite3` shell and `node:sqlite`: one transaction, which is rolled back if any statement fails",
        d1: "D1 and Durable Objects: no transaction, nothing written to `sqlite_schema`, no statement beyond 95,000 bytes",
      },
      default: "sqlite",
    },
  },
  scope: "database",
  *warnings(schema: Schema, { target }: FormatOptions, content: Content): Iterable<string | null> {
    yield* target === "d1" ? d1Warnings(schema, content) : sqliteWarnings(schema);
    yield null;
    yield* brokenWarnings(schema, content, target === "d1");
  },
  requiredSqlite: neededBy,
  *segments(schema: Schema, content: Content, { target }: FormatOptions): Iterable<Segment> {
    if (schema.requiredSqlite !== undefined) yield { kind: "text", text: comment(neededLine(schema.requiredSqlite)) };
    if (schema.warnings.length > 0) yield { kind: "text", text: comments(schema.warnings) };
    yield* target === "d1" ? d1Segments(schema, content) : sqliteSegments(schema, content);
    const tables = schema.tables.filter((table) => table.kind !== "shadow").length;
    // workerd refuses SQL that ends in a comment alone: for it the comment belongs to a statement that changes nothing
    const last = target === "d1" ? "PRAGMA ignore_check_constraints=OFF\n" : "";
    yield { kind: "text", text: ({ rows }) => `${last}-- dump complete: ${tables} tables, ${rows} rows\n` };
  },
} as const satisfies DatabaseFormat;

function comments(lines: readonly string[]): string {
  return lines.map((line) => comment(`warning: ${line}`)).join("");
}

function comment(line: string): string {
  return `-- ${line.replaceAll(/[\r\n]+/g, " ")}\n`;
}
