import type { Cell, ColumnPage, FileTotals, Table, TableFormat } from "../../formats/format.ts";

/** What the footer says of a page: its offset in the file, and its rows. Two numbers a page: 10 GB of rows make some 40,000 pages, 600 KB. */
type PageIndex = readonly (readonly [offset: number, rows: number])[];

const encoder = new TextEncoder();

/** One table, column by column in each page; behind the pages their index, and at the end where the index begins, in 8 bytes. */
export const indexed = {
  name: "indexed",
  extension: ".indexed",
  mediaType: "application/octet-stream",
  scope: "table",
  start: (): PageIndex => [],
  *segments(table: Table) {
    yield { kind: "text", text: encoder.encode("INDEXED1") };
    yield {
      kind: "rows",
      table,
      columns: table.columns,
      rows: () => ({
        rowsAs: "columns",
        page: (index: PageIndex, { columns, offset, rows }: ColumnPage) => ({
          bytes: `${columns.map((column) => JSON.stringify(column.map(plain))).join("\n")}\n`,
          state: [...index, [offset, rows] as const],
        }),
      }),
    };
    yield {
      kind: "computed",
      compute: (index: PageIndex, { offset }: FileTotals) => ({
        bytes: [JSON.stringify(index), int64(offset)],
        state: index,
      }),
    };
  },
} as const satisfies TableFormat<PageIndex>;

/** A value as JSON has it: INTEGER as a number of any size would be changed by most readers, so it is text. */
function plain(cell: Cell): unknown {
  if (typeof cell === "bigint") return cell.toString();
  if (cell instanceof Uint8Array) return { blob: cell.toBase64() };
  if (cell === null || typeof cell === "string") return cell;
  if ("real" in cell) return { real: cell.text };
  throw new TypeError("Cannot write text that is not UTF-8 as JSON");
}

function int64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
