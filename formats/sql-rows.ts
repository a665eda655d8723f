/** Rows as multi-row INSERT statements, one a page. */
import { careOf, hasNul, isRealZero, joinByComma, quoteName } from "./expression.ts";
import type { Column, RowEncoder, Table } from "./format.ts";
import { hasControl, hasTinyReal, includesAscii, isUtf8 } from "./scan.ts";
import { literal } from "./sql-literal.ts";
import { mendReals } from "./sql-real.ts";

/** Encodes rows of a table as `INSERT INTO … VALUES (…),(…);`. */
export function rowEncoder(table: Table, columns: readonly Column[]): RowEncoder {
  const care = careOf(columns, [hasNul, isRealZero]);
  const hasReals = columns.some(mayBeReal);
  return {
    open: `${insertInto(table, columns)} VALUES(`,
    separator: "),(",
    close: ");\n",
    fast: {
      row: joinByComma(columns.map((column) => `quote(${column.sql})`)),
      ...(care !== undefined && { care }),
      ...(hasReals && { mend: mendReals }),
      // quote() leaves control characters as they are, writes infinity as 9.0e+999, and a tiny REAL in decimals
      needsCare: (page) =>
        hasControl(page) || !isUtf8(page) || (hasReals && (includesAscii(page, "+999") || hasTinyReal(page))),
    },
    encode: (cells) => cells.map(literal).join(","),
  };
}

/** `INSERT INTO "t"`, with the columns where they are not simply all. */
export function insertInto(table: Table, columns: readonly Column[]): string {
  const isWhole = columns === table.stored && table.stored.length === table.visible.length;
  const names = columns.map((column) => (column === table.rowid ? column.name : quoteName(column.name)));
  return `INSERT INTO ${quoteName(table.name)}${isWhole ? "" : `(${names.join(",")})`}`;
}

function mayBeReal({ affinity, only }: Column): boolean {
  return affinity !== "TEXT" && (only === undefined || only === "REAL");
}
