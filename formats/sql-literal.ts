/** Values as SQL literals that every reader takes for exactly these values. */
import { hex, utf8 } from "./bytes.ts";
import { quoteText } from "./expression.ts";
import type { Cell } from "./format.ts";
import { look } from "./scan.ts";
import { realLiteral } from "./sql-real.ts";

/** A value as a literal; REAL always with `.` or `e`. */
export function literal(cell: Cell): string {
  if (cell === null) return "NULL";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "string") return textLiteral(cell);
  if (cell instanceof Uint8Array) return `X'${hex(cell)}'`;
  // A JavaScript reader would put U+FFFD for bytes that are no UTF-8.
  return "real" in cell ? realLiteral(cell) : `CAST(X'${hex(cell.invalidUtf8)}' AS TEXT)`;
}

/** TEXT. The sqlite3 shell strips CR in front of LF in literals too, and no SQL text may hold a NUL. */
export function textLiteral(text: string): string {
  const bytes = utf8(text);
  return look(bytes).hasControl ? `CAST(X'${hex(bytes)}' AS TEXT)` : quoteText(text);
}
