/** How somebody would have declared the columns of a table, here and in a program with types of its own. */
import type { Case, Value } from "./cases.ts";

/** What all values of a column are; `""` where they are of several kinds, or NULL. */
export type Kind = "INTEGER" | "REAL" | "TEXT" | "BLOB" | "";

/** The kind of each column. */
export function kindsOf({ columns, rows }: Case): readonly Kind[] {
  return columns.map((_, at) => {
    const [kind, another] = new Set(rows.flatMap((row) => kindOf(row[at] ?? null)));
    return another === undefined ? (kind ?? "") : "";
  });
}

function kindOf(value: Value): readonly Kind[] {
  if (value === null) return [];
  if (typeof value === "string") return ["TEXT"];
  if (typeof value === "bigint") return ["INTEGER"];
  return [typeof value === "number" ? "REAL" : "BLOB"];
}
