/** Is what came out what is in the object? Row by row, with storage classes and bytes. */
import { createHash } from "node:crypto";
import type { ReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { csvRecords, type CsvField } from "./csv-reader.ts";
import { rowsOf, type Cell, type Reader, type TableShape } from "./rows.ts";

/** What a comparison of one table found. */
export interface Compared {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over all cells of the object, the first 16 digits. */
  readonly hash: string;
  /** The first difference; null if there is none. */
  readonly difference: string | null;
}

/** Compares a table with the same one in a restored database. */
export async function compareDatabases(table: TableShape, object: Reader, restored: Reader): Promise<Compared> {
  return compare(
    table,
    object,
    rowsOf(restored, table),
    (cells) => cells.join(","),
    (cells) => cells.join(","),
  );
}

/** Compares a table with its CSV file, in which `nulls` stands for NULL. */
export async function compareCsv(
  table: TableShape,
  object: Reader,
  file: ReadStream | Readable,
  nulls = "",
): Promise<Compared> {
  const records = csvRecords(file, nulls);
  const { value: header } = await records.next();
  const names = (header ?? []).map((field: CsvField) => `"${(field ?? "").replaceAll('"', '""')}"`);
  if (names.join(",") !== table.columns.join(",")) {
    return {
      table: table.name,
      rows: 0,
      hash: "",
      difference: `the header is ${names.join(",")}, expected ${table.columns.join(",")}`,
    };
  }
  const columns = (cells: readonly Cell[]) => (table.rowid === null ? cells : cells.slice(1));
  return compare(
    table,
    object,
    pagesOf(records),
    (cells) => JSON.stringify(columns(cells).map(expectedField)),
    (record, cells) =>
      JSON.stringify(record.map((field, at) => (columns(cells)[at]?.startsWith("r") ? asDouble(field) : field))),
  );
}

/** The field that a cell should have become: null for an empty one. */
function expectedField(cell: Cell): CsvField {
  const [kind, text] = [cell[0], cell.slice(1)];
  switch (kind) {
    case "n":
      return null;
    case "t":
      return Buffer.from(text, "hex").toString("utf8");
    case "b":
      return Buffer.from(text, "hex").toString("base64");
    default:
      return text;
  }
}

function asDouble(field: CsvField): CsvField {
  return field === null ? null : String(Number(field));
}

async function* pagesOf<T>(records: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  for await (const record of records) yield [record];
}

async function compare<T>(
  table: TableShape,
  object: Reader,
  others: AsyncGenerator<readonly T[]>,
  ours: (cells: readonly Cell[]) => string,
  theirs: (row: T, cells: readonly Cell[]) => string,
): Promise<Compared> {
  const hash = createHash("sha256");
  const rest = flat(others);
  let rows = 0;
  const result = (difference: string | null): Compared => ({
    table: table.name,
    rows,
    hash: hash.digest("hex").slice(0, 16),
    difference,
  });
  for await (const page of rowsOf(object, table)) {
    for (const cells of page) {
      rows++;
      hash.update(`${cells.join(",")}\n`);
      const other = await rest.next();
      if (other.done === true) return result(`row ${rows} is missing`);
      const [one, two] = [ours(cells), theirs(other.value, cells)];
      if (one !== two) return result(`row ${rows} is ${two.slice(0, 200)}, expected ${one.slice(0, 200)}`);
    }
  }
  return result((await rest.next()).done === true ? null : `there are more than ${rows} rows`);
}

async function* flat<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}
