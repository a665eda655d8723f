import type { Cell, Table, TableFormat } from "../../formats/format.ts";

/** One table as PostgreSQL's COPY reads it: `\copy users FROM users.tsv`. */
export const pgcopy = {
  name: "pgcopy",
  extension: ".tsv",
  mediaType: "text/tab-separated-values; charset=utf-8",
  scope: "table",
  *segments(table: Table) {
    const columns = table.columns;
    yield {
      kind: "rows",
      table,
      columns,
      rows: () => ({
        open: "",
        separator: "\n",
        close: "\n",
        encode: (cells: readonly Cell[]) => cells.map(field).join("\t"),
      }),
    };
  },
} as const satisfies TableFormat;

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** https://www.postgresql.org/docs/current/sql-copy.html, "Text Format" */
function field(cell: Cell): string {
  if (cell === null) return "\\N";
  if (typeof cell === "bigint") return cell.toString();
  if (cell instanceof Uint8Array) return `\\\\x${cell.toHex()}`;
  if (typeof cell === "string") {
    if (cell.includes("\0")) throw new TypeError("Cannot write text with a NUL for PostgreSQL, which has none");
    return cell.replaceAll(/[\\\t\n\r]/g, (sign) => escapes[sign] ?? sign);
  }
  if ("real" in cell) return Number.isFinite(cell.real) ? cell.text : String(cell.real);
  throw new TypeError("Cannot write text that is not UTF-8 for PostgreSQL");
}
