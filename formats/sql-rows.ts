/** Rows as multi-row INSERT statements, one a page. */
import { careOf, isPlainNumber, isRealZero, joinByComma, quoteName } from "./expression.ts";
import type { Column, RowEncoder, Table } from "./format.ts";
import { isUtf8, look } from "./scan.ts";
import { literal } from "./sql-literal.ts";
import { mendReals } from "./sql-real.ts";

/** Encodes rows of a table as `INSERT INTO … VALUES (…),(…);`. */
export function rowEncoder(table: Table, columns: readonly Column[]): RowEncoder {
  const care = careOf(columns, [isRealZero]);
  const hasReals = columns.some(mayBeReal);
  return {
    open: `${insertInto(table, columns)} VALUES(`,
    separator: "),(",
    close: ");\n",
    fast: {
      row: joinByComma(columns.map(literalExpression)),
      ...(care !== undefined && { care }),
      finish(page) {
        const { hasControl, dots } = look(page);
        if (hasControl || !isUtf8(page)) return null;
        return hasReals ? mendReals(page, dots) : page;
      },
    },
    encode: (cells) => cells.map(literal).join(","),
  };
}

/** A control character in place of a literal: `finish` finds it, and the page goes the careful path. */
const needsCare = "char(1)";

/** The literal of a column's value; for a TEXT with NUL, which `quote()` would cut, the mark of care. */
function literalExpression(column: Column): string {
  const { sql, affinity, only = affinity === "TEXT" ? "TEXT" : undefined } = column;
  const cut = `WHEN instr(${sql},char(0)) THEN ${needsCare}`;
  switch (only) {
    case "INTEGER":
      return `ifnull(${sql},'NULL')`;
    case "TEXT": // a BLOB in it is searched byte by byte, too, and may go the careful path in vain
      return `CASE ${cut} ELSE quote(${sql}) END`;
    case "BLOB":
      return `quote(${sql})`;
    default: {
      const number = `WHEN ${isPlainNumber(column)} THEN ${sql}`;
      const text = only === "REAL" ? "" : ` WHEN ${sql}>='' AND ${sql}<x'' AND instr(${sql},char(0)) THEN ${needsCare}`;
      return `CASE ${number} WHEN ${sql} IS NULL THEN 'NULL'${text} ELSE quote(${sql}) END`;
    }
  }
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
