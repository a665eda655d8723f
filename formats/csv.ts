/** CSV: RFC 4180, UTF-8, LF, a header always. NULL is an empty field, '' is `""`. BLOBs are base64. */
import { hex, join } from "./bytes.ts";
import { careOf, isBlob, isPlainNumber, isRealZero, joinByComma } from "./expression.ts";
import type { Cell, Chosen, Column, RowEncoder, Table, TableFormat } from "./format.ts";
import { isInvalidText, isUtf8 } from "./scan.ts";
import { lostIndex } from "./virtual.ts";

/** One table as CSV. */
export const csv = {
  name: "csv",
  extension: ".csv",
  mediaType: "text/csv; charset=utf-8; header=present", // RFC 7111
  choices: { blobs: ["base64", "hex"], bom: ["0", "1"], formulas: ["keep", "guard"] },
  scope: "table",
  warnings: lostIndex,
  *segments(table: Table, chosen: Chosen) {
    const columns = table.visible;
    const header = columns.map((column) => textField(guarded(column.name, chosen))).join(",");
    // a name that begins like a byte order mark would lose it at the beginning of a file
    const first = /^\uFEFF[^,]*/.exec(header)?.[0] ?? "";
    const bom = chosen["bom"] === "1" ? "\uFEFF" : "";
    yield { kind: "text", text: `${bom}${first === "" ? "" : `"${first}"`}${header.slice(first.length)}\n` };
    yield { kind: "rows", table, columns, rows: encoder(columns, chosen) };
  },
} as const satisfies TableFormat;

function encoder(columns: readonly Column[], chosen: Chosen): RowEncoder {
  const care = careOf(columns, [isBlob, isRealZero]);
  const row = joinByComma(columns.map((column) => fieldExpression(column, chosen)));
  return {
    open: "",
    separator: "\n",
    close: "\n",
    fast: { row, ...(care !== undefined && { care }), finish: (page) => (isUtf8(page) ? page : null) },
    encode: (cells) => join(cells.flatMap((cell, at) => [at === 0 ? "" : ",", field(cell, chosen)])),
    noted: {
      what: "values hold bytes that are no UTF-8; they are written as they are, and the file is not UTF-8 there",
      count: (cells) => cells.filter(isInvalidText).length,
    },
  };
}

function fieldExpression(column: Column, { formulas }: Chosen): string {
  const { sql, affinity, only = affinity === "TEXT" ? "TEXT" : undefined } = column;
  const text = textExpression(
    sql,
    formulas === "guard"
      ? `CASE WHEN substr(${sql},1,1) IN (${formulaSigns}) THEN concat('''',${sql}) ELSE ${sql} END`
      : sql,
  );
  switch (only) {
    case "INTEGER":
      return `ifnull(${sql},'')`;
    case "TEXT":
      return `CASE WHEN ${sql} IS NULL THEN '' ${text}`;
    default: // numbers sort before TEXT; SQLite prints infinity as Inf
      return `CASE WHEN ${isPlainNumber(column)} THEN ${sql} WHEN ${sql} IS NULL THEN '' WHEN ${sql}>=9e999 AND ${sql}<'' THEN 'Infinity' WHEN ${sql}<=-9e999 THEN '-Infinity' WHEN ${sql}<'' THEN ${sql} ${text}`;
  }
}

/** RFC 4180, section 2: fields with a line break, a double quote or a comma are quoted, double quotes doubled. */
const special = ["','", `'"'`, "char(10)", "char(13)"];

/** The last branches of a CASE: for TEXT, which may have been `changed`. */
function textExpression(sql: string, changed: string): string {
  const isSpecial = special.map((sign) => `instr(${changed},${sign})`).join(" OR ");
  return `WHEN ${isSpecial} OR ${sql}='' THEN concat('"',replace(${changed},'"','""'),'"') ELSE ${changed} END`;
}

/** What makes a spreadsheet take a field for a formula (CWE-1236, https://owasp.org/www-community/attacks/CSV_Injection). */
const formulaSigns = "'=','+','-','@',char(9),char(13)";
const isFormula = /^[=+\-@\t\r]/;

/** Text that no spreadsheet takes for a formula, where that is wanted: it is changed for it. */
function guarded(text: string, { formulas }: Chosen): string {
  return formulas === "guard" && isFormula.test(text) ? `'${text}` : text;
}

function field(cell: Cell, chosen: Chosen): string | Uint8Array {
  if (cell === null) return "";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "string") return textField(guarded(cell, chosen));
  if (cell instanceof Uint8Array)
    return textField(chosen["blobs"] === "hex" ? hex(cell) : guarded(cell.toBase64(), chosen));
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : String(cell.real);
  return invalidField(cell.invalidUtf8, chosen);
}

function textField(text: string): string {
  return text === "" || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Bytes that are no UTF-8 stay as they are: quoted by the same rule, byte by byte. */
function invalidField(bytes: Uint8Array, chosen: Chosen): Uint8Array {
  const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return Uint8Array.from(textField(guarded(latin1, chosen)), (character) => character.charCodeAt(0));
}
