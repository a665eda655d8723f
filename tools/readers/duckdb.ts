/** DuckDB, by its package for Node. */
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { kindsOf, type Kind } from "./kinds.ts";
import { eachOf, seenOf, type Reader } from "./reader.ts";

let duckdb: Promise<DuckDBConnection> | undefined;

/** One connection for all, made when it is first asked for. */
function connected(): Promise<DuckDBConnection> {
  return (duckdb ??= DuckDBInstance.create(":memory:").then((instance) => instance.connect()));
}

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
      const connection = await connected();
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

/** What columns are declared as in DuckDB. */
const types: Readonly<Record<Kind, string>> = {
  INTEGER: "BIGINT",
  REAL: "DOUBLE",
  BLOB: "BLOB",
  TEXT: "VARCHAR",
  "": "VARCHAR",
};

/** Told what quotes are, it does not look for them in the first rows. */
const copyOptions = `(HEADER, QUOTE '"', ESCAPE '"', ALLOW_QUOTED_NULLS false)`;

/** DuckDB, into a table with types. */
const duckDbTyped = (format: Reader["format"], query: string, line: string): Reader => ({
  name: "DuckDB, for=duckdb",
  format,
  query,
  use: "right",
  faults: {},
  line,
  isThere: () => true,
  read: (samples) =>
    eachOf(samples, async ({ path, one }) => {
      const connection = await connected();
      const kinds = kindsOf(one);
      const columns = kinds.map((_, at) => `c${at}`);
      await connection.run(
        `CREATE OR REPLACE TABLE t (${kinds.map((kind, at) => `c${at} ${types[kind]}`).join(", ")})`,
      );
      if (format === "csv") await connection.run(`COPY t FROM '${path}' ${copyOptions}`);
      else {
        const names = one.columns.map((name) => name.replaceAll("'", "''"));
        const fields = kinds.map((kind, at) => `'${names[at]}': '${kind === "BLOB" ? "VARCHAR" : types[kind]}'`);
        const values = kinds.map((kind, at) => (kind === "BLOB" ? `from_base64(c${at})` : `c${at}`));
        const from = `read_json('${path}', format='newline_delimited', columns={${fields.join(", ")}})`;
        await connection.run(`INSERT INTO t SELECT ${values.join(", ")} FROM ${from} AS t(${columns.join(", ")})`);
      }
      const digits = kinds.map((kind, at) => {
        if (kind === "BLOB") return `hex(c${at})`;
        return types[kind] === "VARCHAR" ? `hex(encode(c${at}))` : `c${at}`;
      });
      const rows = (await connection.runAndReadAll(`SELECT ${digits.join(", ")} FROM t ORDER BY rowid`)).getRowsJS();
      const seen = (value: unknown, at: number) => {
        if (typeof value !== "string") return seenOf(value);
        const bytes = Buffer.from(value, "hex");
        return seenOf(kinds[at] === "BLOB" ? bytes.toString("base64") : bytes.toString());
      };
      return { names: null, rows: rows.map((row) => row.map(seen)) };
    }),
});

/** As people use it first, as docs say, and into a table with types. */
export const duckDbReaders: readonly Reader[] = [
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
  duckDbTyped("csv", "for=duckdb", `COPY t FROM 't.csv' ${copyOptions}`),
  duckDb("DuckDB, plain", { format: "jsonl", use: "plain", from: "read_json('t.jsonl')" }),
  duckDb("DuckDB", {
    format: "jsonl",
    use: "right",
    from: "read_json('t.jsonl', format='newline_delimited', columns={…})",
  }),
  duckDbTyped(
    "jsonl",
    "for=duckdb&format=jsonl",
    "INSERT INTO t SELECT a, from_base64(b) FROM read_json('t.jsonl', format='newline_delimited', columns={a: 'BIGINT', b: 'VARCHAR'})",
  ),
];
