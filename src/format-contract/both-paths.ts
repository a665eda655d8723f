/** Both paths of a row encoder must give the same bytes for the same row. */
import type { DatabaseFormat, Format, Segment, TableFormat } from "../../formats/format.ts";
import { equalBytes } from "./expect.ts";
import { makeFile } from "./make-file.ts";
import { columnTypes, valueLiterals } from "./samples.ts";

/** One row a page, so that the pages of both paths are the same. */
const oneRow = { rows: 1, bytes: 256 * 1024 };

/** Makes each file by the format as it is, and without its fast path. Both must be the same, or both refused. */
export function bothPaths(sql: SqlStorage, format: Format): void {
  const slow = withoutFastPath(format);
  for (const type of columnTypes) {
    // a generated column may hand on that its text came out of a JSON function, which json_array() would nest as JSON
    sql.exec(
      `DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}, "b ""c" ${type}, json TEXT AS (json_array(id)))`,
    );
    for (const [index, literal] of valueLiterals.entries()) {
      const other = valueLiterals[(index * 7 + 3) % valueLiterals.length] ?? "NULL";
      sql.exec(`DELETE FROM t; INSERT INTO t VALUES (1, ${literal}, ${other})`);
      const row = `for the values ${literal} and ${other} in columns of type "${type}"`;
      const made = fileOrError(sql, format);
      const expected = fileOrError(sql, slow);
      if (typeof made === "string" || typeof expected === "string") {
        if (typeof made === typeof expected) continue;
        throw new Error(
          `Only one of the two paths refuses the row, ${row}: ${String(typeof made === "string" ? made : expected)}`,
        );
      }
      equalBytes(made, expected, `between the fast and the slow path, ${row}`);
    }
  }
}

function fileOrError(sql: SqlStorage, format: Format): Uint8Array | string {
  try {
    return makeFile(sql, { format, tables: ["t"], page: oneRow });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function withoutFastPath(format: Format): Format {
  return format.scope === "table" ? slowTables(format) : slowDatabase(format);
}

function slowTables(format: TableFormat): TableFormat {
  return { ...format, segments: (table, options) => Array.from(format.segments(table, options), slowSegment) };
}

function slowDatabase(format: DatabaseFormat): DatabaseFormat {
  return {
    ...format,
    segments: (schema, content, options) => Array.from(format.segments(schema, content, options), slowSegment),
  };
}

function slowSegment(segment: Segment): Segment {
  if (segment.kind !== "rows") return segment;
  const { rows, sparse } = segment;
  return {
    ...segment,
    rows: slowRows(rows),
    ...(sparse !== undefined && { sparse: { ...sparse, rows: slowRows(sparse.rows) } }),
  };
}

type Rows = Extract<Segment, { kind: "rows" }>["rows"];

function slowRows(rows: Rows): Rows {
  return () => {
    const encoder = rows();
    if ("rowsAs" in encoder) return encoder;
    const { fastPath: _, ...slow } = encoder;
    return slow;
  };
}
