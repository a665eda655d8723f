/** Values as SQL literals that every reader takes for exactly these values. */
import { hex, utf8 } from "./bytes.ts";
import { quoteText } from "./expression.ts";
import type { Cell } from "./format.ts";
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

/** Control characters except TAB and LF. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\0-\x08\v\f\r\x0e-\x1f]/;

/** TEXT. The sqlite3 shell strips CR in front of LF in literals too, and no SQL text may hold a NUL. */
export function textLiteral(text: string): string {
  return control.test(text) ? `CAST(X'${hex(utf8(text))}' AS TEXT)` : quoteText(text);
}
