/** Rows as multi-row INSERT statements, one a page. */
import { utf8 } from "../kit/bytes.ts";
import { quoteName } from "../kit/expression.ts";
import type { Column, RowEncoder, Table } from "../format.ts";
import { jsonArray } from "../kit/json-rows.ts";
import { isUtf8 } from "../kit/utf8.ts";
import { literalPieces } from "./literal.ts";
import { toLiterals } from "./page.ts";

/** Encodes rows of a table as `INSERT INTO … VALUES (…),(…);`, or each row as a statement of its own. */
export function rowEncoder(table: Table, columns: readonly Column[], isRowByRow = false): RowEncoder {
  const [open, close] = [`${insertInto(table, columns)} VALUES(`, ");\n"];
  return literalRows({ open, separator: isRowByRow ? `${close}${open}` : "),(", close }, columns);
}

/** Encodes rows as literals with commas between them, and this text in front of, between and behind the rows of a page. */
export function literalRows(
  around: Pick<RowEncoder, "open" | "separator" | "close">,
  columns: readonly Column[],
): RowEncoder {
  const between = utf8(around.separator);
  return {
    ...around,
    fastPath: {
      ...jsonArray(columns, "numbers"),
      transformPage: (page) => (isUtf8(page) ? toLiterals(page, between) : null),
    },
    encode: (cells) => cells.flatMap((cell, at) => [at === 0 ? "" : ",", literalPieces(cell)]),
  };
}

/** `INSERT INTO "t"`, with the columns where they are not simply all. */
export function insertInto(table: Table, columns: readonly Column[]): string {
  const isWhole = columns === table.insertableColumns && table.insertableColumns.length === table.columns.length;
  const names = columns.map((column) => (column === table.rowid ? column.name : quoteName(column.name)));
  return `INSERT INTO ${quoteName(table.name)}${isWhole ? "" : `(${names.join(",")})`}`;
}
