/** CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field, '' is `""`. BLOBs are base64. */
import { careOf, isBlob, isRealZero, joinByComma } from "./expression.ts";
import type { Cell, Column, RowEncoder, Table, TableFormat } from "./format.ts";
import { join } from "./bytes.ts";

/** One table as CSV. */
export const csv = {
  name: "csv",
  extension: ".csv",
  mediaType: "text/csv; charset=utf-8; header=present", // RFC 7111
  scope: "table",
  *segments(table: Table) {
    const columns = table.visible;
    yield { kind: "text", text: `${columns.map((column) => textField(column.name)).join(",")}\n` };
    yield { kind: "rows", table, columns, rows: encoder(columns) };
  },
} as const satisfies TableFormat;

function encoder(columns: readonly Column[]): RowEncoder {
  const care = careOf(columns, [isBlob, isRealZero]);
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: { row: joinByComma(columns.map(fieldExpression)), ...(care !== undefined && { care }) },
    encode: (cells) => join(cells.flatMap((cell, at) => (at === 0 ? [field(cell)] : [",", field(cell)]))),
  };
}

/** RFC 4180, section 2: fields with a line break, a double quote or a comma are quoted, double quotes doubled. */
const special = ["','", `'"'`, "char(10)", "char(13)"];

function fieldExpression({ sql, only }: Column): string {
  const text = `CASE WHEN ${special.map((sign) => `instr(${sql},${sign})`).join(" OR ")} OR octet_length(${sql})=0 THEN concat('"',replace(${sql},'"','""'),'"') ELSE ${sql} END`;
  switch (only) {
    case "INTEGER":
      return `ifnull(${sql},'')`;
    case "TEXT":
      return `CASE WHEN ${sql} IS NULL THEN '' ELSE ${text} END`;
    default: // TEXT sorts behind every number; SQLite prints infinity as Inf
      return `CASE WHEN ${sql} IS NULL THEN '' WHEN ${sql}>='' THEN ${text} WHEN ${sql}>=9e999 THEN 'Infinity' WHEN ${sql}<=-9e999 THEN '-Infinity' ELSE ${sql} END`;
  }
}

function field(cell: Cell): string | Uint8Array {
  if (cell === null) return "";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "string") return textField(cell);
  if (cell instanceof Uint8Array) return cell.length === 0 ? '""' : cell.toBase64();
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : String(cell.real);
  return invalidField(cell.invalidUtf8);
}

function textField(text: string): string {
  return text === "" || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Bytes that are no UTF-8 stay as they are: quoted by the same rule, byte by byte. */
function invalidField(bytes: Uint8Array): Uint8Array {
  const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return Uint8Array.from(textField(latin1), (character) => character.charCodeAt(0));
}
