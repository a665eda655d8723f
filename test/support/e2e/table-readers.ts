/** CSV and JSON Lines as other programs read them, as cells that can be compared with what is in the object. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import Papa from "papaparse";
import { csvRecords } from "../../../tools/lib/csv-reader.ts";
import type { Cell } from "../../../tools/lib/rows.ts";
import { temporaryFolder } from "./files.ts";

/** One value as a reader sees it: null, or text; bytes as one character each, so that any bytes can be compared. */
export type Field = string | null;

/** What a reader should see in place of a cell. */
export interface Expected {
  readonly csv: Field;
  readonly jsonl: Field;
}

const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** The fields that a cell must become, by the table of docs/formats.md: the kind of the cell is its first letter. */
export function expectedOf(cell: Cell): Expected {
  const [kind, text] = [cell[0], cell.slice(1)];
  const bytes = Buffer.from(kind === "t" || kind === "b" ? text : "", "hex");
  switch (kind) {
    case "i":
      return { csv: text, jsonl: text };
    case "r":
      return { csv: String(Number(text)), jsonl: String(Number(text)) };
    case "t":
      return { csv: bytes.toString("latin1"), jsonl: latin1(bytes.toString("utf8")) };
    case "b":
      return { csv: bytes.toString("base64"), jsonl: `{"$base64":true,"encoded":"${bytes.toString("base64")}"}` };
    default:
      return { csv: null, jsonl: null };
  }
}

/** The same for a field: doubles are compared as doubles, whatever digits they were written with. */
export function sameKind(field: Field, cell: Cell): Field {
  return cell.startsWith("r") && field !== null ? String(Number(field)) : field;
}

/** PapaParse; it cannot tell NULL from an empty text. */
export function byPapaParse(file: Uint8Array): readonly (readonly string[])[] {
  const text = Buffer.from(file).toString("latin1");
  if (!text.endsWith("\n")) throw new Error("The CSV file does not end with a line feed");
  const { data, errors } = Papa.parse<string[]>(text.slice(0, -1), { newline: "\n", delimiter: "," });
  if (errors.length > 0) throw new Error(JSON.stringify(errors[0]));
  return data;
}

/** A reader that tells NULL from an empty text. */
export async function byRfc4180(file: Uint8Array): Promise<readonly (readonly Field[])[]> {
  const text = new TextEncoder().encode(Buffer.from(file).toString("latin1"));
  return Array.fromAsync(csvRecords(Readable.from([text])));
}

/** JSON.parse, with the text of each number. */
export function byJsonParse(file: Uint8Array, names: readonly string[]): readonly (readonly Field[])[] {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file);
  if (text !== "" && !text.endsWith("\n")) throw new Error("The JSON Lines file does not end with a line feed");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const row: unknown = JSON.parse(line, (_, value: unknown, context?: { source?: string }) =>
        typeof value === "number" ? `#${context?.source ?? ""}` : typeof value === "string" ? `$${value}` : value,
      );
      const values = new Map(Object.entries(Object(row)));
      if (values.size !== names.length) throw new Error(`A line has ${values.size} values, not ${names.length}`);
      return names.map((name) => fieldOf(values.get(name)));
    });
}

function fieldOf(value: unknown): Field {
  if (value === null) return null;
  if (typeof value === "string") return latin1(value.slice(1));
  if (typeof value === "object" && "encoded" in value && typeof value.encoded === "string")
    return `{"$base64":true,"encoded":"${value.encoded.slice(1)}"}`;
  throw new TypeError(`Cannot read ${JSON.stringify(value)}`);
}

let duckdb: Promise<DuckDBConnection> | undefined;

/** DuckDB, with every column as text. */
export async function byDuckDb(
  file: Uint8Array,
  format: "csv" | "jsonl",
  names: readonly string[],
): Promise<readonly (readonly Field[])[]> {
  const path = join(temporaryFolder(), "data");
  writeFileSync(path, file);
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const columns = `{${names.map((name) => `${quoted(name)}: 'VARCHAR'`).join(", ")}}`;
  const limits = format === "csv" ? "max_line_size = 40000000" : "maximum_object_size = 40000000";
  const from =
    format === "csv"
      ? `read_csv(${quoted(path)}, columns = ${columns}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', buffer_size = 80000000, ${limits})`
      : `read_json(${quoted(path)}, columns = ${columns}, format = 'newline_delimited', ${limits})`;
  const connection = await (duckdb ??= DuckDBInstance.create(":memory:").then((instance) => instance.connect()));
  // by their bytes: the package takes a BOM away from the beginning of a text
  const reader = await connection.runAndReadAll(`SELECT hex(encode(COLUMNS(*))) FROM ${from}`);
  return reader
    .getRowsJS()
    .map((row) =>
      row.map((value) => (typeof value === "string" ? Buffer.from(value, "hex").toString("latin1") : null)),
    );
}
