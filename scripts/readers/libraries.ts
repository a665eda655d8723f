/** Readers that are packages of npm: DuckDB, PapaParse, polars where it is installed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import Papa from "papaparse";
import { run } from "../../test/node/commands.ts";
import { answersOf, linesOf } from "./lines.ts";
import { eachOf, seenOf, texts, type Reader } from "./reader.ts";

let duckdb: Promise<DuckDBConnection> | undefined;

/** DuckDB, by any of its functions that read a file; text by its bytes, as the package takes a byte order mark away from the beginning of one. */
const duckDb = (
  name: string,
  { format, use, from, faults = {} }: Pick<Reader, "format" | "use"> & { from: string; faults?: Reader["faults"] },
): Reader => ({
  name,
  format,
  use,
  faults,
  line: `duckdb -c "from ${from}"`,
  isThere: () => true,
  read: (samples) =>
    eachOf(samples, async ({ path, one }) => {
      const connection = await (duckdb ??= DuckDBInstance.create(":memory:").then((instance) => instance.connect()));
      const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJS();
      const types = one.columns.map((column) => `'${column.replaceAll("'", "''")}': 'VARCHAR'`).join(", ");
      const table = from.replace(/t\.(?:csv|jsonl)/, path).replace("{…}", `{${types}}`);
      const described = await ask(`SELECT hex(encode(column_name)), column_type FROM (DESCRIBE FROM ${table})`);
      const names = described.map(([column]) =>
        Buffer.from(typeof column === "string" ? column : "", "hex").toString(),
      );
      const isText = described.map(([, type]) => type === "VARCHAR");
      const aliases = names.map((_, at) => `c${at}`);
      const values = aliases.map((alias, at) => (isText[at] === true ? `hex(encode(${alias}))` : alias));
      const rows = await ask(`SELECT ${values.join(", ")} FROM ${table} AS t(${aliases.join(", ")})`);
      const seen = (value: unknown, at: number) =>
        seenOf(isText[at] === true && typeof value === "string" ? Buffer.from(value, "hex").toString() : value);
      return { names, rows: rows.map((row) => row.map(seen)) };
    }),
});

const papaParse: Reader = {
  name: "PapaParse",
  format: "csv",
  use: "right",
  faults: {},
  line: "Papa.parse(file.slice(0, -1), { delimiter: ',', newline: '\\n' })",
  isThere: () => true,
  read: (samples) =>
    eachOf(samples, async ({ path }) => {
      const file = readFileSync(path, "utf8");
      const { data, errors } = Papa.parse<string[]>(file.slice(0, -1), { delimiter: ",", newline: "\n" });
      const [error] = errors;
      if (error !== undefined) throw new Error(error.message);
      const [names = [], ...rows] = data;
      return { names, rows: rows.map(texts) };
    }),
};

/** Packages of their own, as they are many: `npm install --prefix test/readers`. */
const packages = join(import.meta.dirname, "../../test/readers");

const polars = (name: string, use: Reader["use"], line: string): Reader => ({
  name,
  format: "csv",
  use,
  faults: { "names that need quotes": "a quote in a name is doubled: rename the columns" },
  line,
  isThere: () => existsSync(join(packages, "node_modules/nodejs-polars")),
  async read(samples) {
    const script = join(packages, "polars.mjs");
    return answersOf(await run(process.execPath, [script, ...(use === "right" ? ["exact"] : [])], linesOf(samples)));
  },
});

/** The packages, as people use them first, and as docs say. */
export const libraries: readonly Reader[] = [
  duckDb("DuckDB, plain", { format: "csv", use: "plain", from: "read_csv('t.csv')" }),
  duckDb("DuckDB", {
    format: "csv",
    use: "right",
    from: "read_csv('t.csv', header=true, all_varchar=true, allow_quoted_nulls=false)",
    faults: {
      "names that need quotes": "white space around a name goes: give `names=[…]`",
      "an empty name": "is called column0: give `names=[…]`",
    },
  }),
  papaParse,
  polars("polars, plain", "plain", "pl.readCSV('t.csv')"),
  polars("polars", "right", "pl.readCSV('t.csv', { inferSchemaLength: 0, missingUtf8IsEmptyString: false })"),
  duckDb("DuckDB, plain", { format: "jsonl", use: "plain", from: "read_json('t.jsonl')" }),
  duckDb("DuckDB", {
    format: "jsonl",
    use: "right",
    from: "read_json('t.jsonl', format='newline_delimited', columns={…})",
  }),
];
