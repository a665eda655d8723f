/** Rows as multi-row INSERT statements, one a page. */
import { hex, join, utf8 } from "./bytes.ts";
import { careOf, hasNul, isRealZero, joinByComma, quoteName } from "./expression.ts";
import type { Cell, Column, RowEncoder, Table } from "./format.ts";
import { hasControl } from "./scan.ts";

/** Encodes rows of a table as `INSERT INTO … VALUES (…),(…);`. */
export function rowEncoder(table: Table, columns: readonly Column[]): RowEncoder {
  const whole = columns === table.stored && table.stored.length === table.visible.length;
  const names = whole
    ? ""
    : `(${columns.map((column) => (column === table.rowid ? column.sql : quoteName(column.name))).join(",")})`;
  const care = careOf(columns, [hasNul, isRealZero]);
  return {
    open: `INSERT INTO ${quoteName(table.name)}${names} VALUES(`,
    separator: "),(",
    close: ");\n",
    fast: {
      row: joinByComma(columns.map((column) => `quote(${column.sql})`)),
      ...(care !== undefined && { care }),
      needsCare: hasControl,
    },
    encode: (cells) => join(cells.flatMap((cell, at) => (at === 0 ? [literal(cell)] : [",", literal(cell)]))),
  };
}

function literal(cell: Cell): string | Uint8Array {
  if (cell === null) return "NULL";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "object" && "real" in cell) return cell.text;
  if (cell instanceof Uint8Array) return `X'${hex(cell)}'`;
  const bytes = typeof cell === "string" ? utf8(cell) : cell.invalidUtf8;
  // The shell's reader strips CR in front of LF in literals too, and no SQL text may hold a NUL.
  if (hasControl(bytes)) return `CAST(X'${hex(bytes)}' AS TEXT)`;
  return typeof cell === "string" ? `'${cell.replaceAll("'", "''")}'` : quoteBytes(bytes);
}

/** Bytes that are no UTF-8, as a literal: they stay the bytes they are. */
function quoteBytes(bytes: Uint8Array): Uint8Array {
  const quote = 0x27;
  return Uint8Array.from([
    quote,
    ...Array.from(bytes).flatMap((byte) => (byte === quote ? [quote, quote] : [byte])),
    quote,
  ]);
}
