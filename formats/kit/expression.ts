/** Pieces of SQL that the fast paths are put together from. */
import type { Column } from "../format.ts";

/** An identifier, quoted; never a list of keywords. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A TEXT literal. The text must hold no NUL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Names that SQLite takes for the same one fold to the same text: only ASCII letters lose their case. */
export function foldAscii(name: string): string {
  if (!/[A-Z]/.test(name)) return name;
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Arguments of a function at most (workerd util/sqlite.c++:1384). */
const maxArguments = 127;

/** `concat()` of any number of expressions, none of which is NULL. */
export function concat(parts: readonly string[]): string {
  return nested("concat(", parts, maxArguments);
}

function nested(call: string, parts: readonly string[], most: number): string {
  if (parts.length <= most) return `${call}${parts.join(",")})`;
  const groups: string[] = [];
  for (let at = 0; at < parts.length; at += most) groups.push(nested(call, parts.slice(at, at + most), most));
  return nested(call, groups, most);
}

/** True where any of the conditions is. */
export function anyOf(conditions: readonly string[]): string | undefined {
  return balanced(conditions, "OR");
}

/** True where all of the conditions are. */
export function allOf(conditions: readonly string[]): string | undefined {
  return balanced(conditions, "AND");
}

/** A tree, as an expression may be only 100 deep (`sqlite.c++:1377`). */
function balanced(conditions: readonly string[], operator: "AND" | "OR"): string | undefined {
  if (conditions.length <= 1) return conditions[0];
  const half = Math.ceil(conditions.length / 2);
  return `(${balanced(conditions.slice(0, half), operator)} ${operator} ${balanced(conditions.slice(half), operator)})`;
}

/**
 * True for a BLOB. Storage classes sort NULL, numbers, TEXT, BLOB (https://sqlite.org/datatype3.html#comparisons), and a
 * comparison is one opcode where `typeof()` is a call and a string comparison.
 */
export function isBlob(column: Column): string | undefined {
  return column.storageClass === undefined || column.storageClass === "BLOB" ? `${column.sql}>=x''` : undefined;
}

/** True for -0.0, which SQLite prints as 0.0, and of which the angle to -1 is -π; only a column without affinity keeps the sign. */
export function isNegativeZero(column: Column): string | undefined {
  if (column.affinity !== "BLOB" || (column.storageClass !== undefined && column.storageClass !== "REAL"))
    return undefined;
  return `(${column.sql}=0 AND atan2(${column.sql},-1)<0)`;
}
