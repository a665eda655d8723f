/** Readers that are commands: `sqlite3`, csvkit, Miller. */
import { Readable } from "node:stream";
import { DatabaseSync } from "node:sqlite";
import { has, run, type Ran } from "../../test/support/e2e/commands.ts";
import { csvRecords } from "../lib/csv-reader.ts";
import { eachOf, seenOf, texts, type Reader, type Seen, type SeenTable } from "./reader.ts";

/** What a command printed; whatever it says besides is loud. */
function printed({ code, stdout, stderr }: Ran): string {
  if (code !== 0 || stderr !== "") throw new Error(stderr === "" ? `exit code ${code}` : stderr);
  return stdout;
}

function jsonLines(output: string): SeenTable {
  const rows = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => fieldsOf(line));
  return {
    names: rows[0]?.map(([name]) => name) ?? null,
    rows: rows.map((row) => row.map(([, value]) => value)),
  };
}

/** The fields of a JSON object, in their order, and with the digits of each number. */
function fieldsOf(line: string): (readonly [string, Seen])[] {
  const names: string[] = [];
  const row: unknown = JSON.parse(line, (name, value: unknown, context?: { source?: string }) => {
    names.push(name);
    return typeof value === "number" ? new Digits(context?.source ?? "") : value;
  });
  const values = new Map(Object.entries(Object(row)));
  const top = names.slice(0, -1).filter((name) => values.has(name)); // the last is that of the object itself, which is none
  return top.map((name) => {
    const value = values.get(name);
    return [name, value instanceof Digits ? ["real", value.text] : seenOf(value)];
  });
}

/** A number as it is written. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const sqliteImport: Reader = {
  name: "sqlite3",
  format: "csv",
  use: "right",
  faults: {
    "an empty name": "is called `?`: make the table first, and `--skip 1`",
    "NUL in text": "ends there: take the SQL dump",
  },
  line: "sqlite3 new.db '.import --csv t.csv t'",
  isThere: () => has("sqlite3"),
  read: (samples) =>
    eachOf(samples, async ({ path }) => {
      printed(await run("sqlite3", [`${path}.db`, `.import --csv '${path}' t`]));
      const database = new DatabaseSync(`${path}.db`, { readOnly: true });
      try {
        const statement = database.prepare("SELECT * FROM t ORDER BY rowid");
        return {
          names: statement.columns().map(({ name }) => name),
          rows: statement.all().map((row) => Object.values(row).map(seenOf)),
        };
      } finally {
        database.close();
      }
    }),
};

const csvkit: Reader = {
  name: "csvkit",
  format: "csv",
  use: "right",
  faults: { "line ends": "CR LF in a text becomes LF, as Python reads its standard streams: take another reader" },
  line: "csvjson -I --snifflimit 0 --maxfieldsize 2000000 --stream t.csv",
  isThere: () => has("csvjson"),
  read: (samples) =>
    eachOf(samples, async ({ path }) =>
      jsonLines(
        printed(await run("csvjson", ["-I", "--snifflimit", "0", "--maxfieldsize", "2000000", "--stream", path])),
      ),
    ),
};

const miller: Reader = {
  name: "Miller",
  format: "csv",
  use: "right",
  faults: { "line ends": "CR LF in a text becomes LF: take JSON Lines" },
  line: "mlr -S --icsv --ojson cat t.csv",
  isThere: () => has("mlr"),
  read: (samples) =>
    eachOf(samples, async ({ path }) => {
      // as CSV, since control characters make its JSON none
      const output = printed(await run("mlr", ["-S", "--icsv", "--ocsv", "--quote-all", "cat", path]));
      const [names, ...rows] = await Array.fromAsync(csvRecords(Readable.from([Buffer.from(output)])));
      return { names: names?.map(String) ?? null, rows: rows.map(texts) };
    }),
};

/** A command that reads JSON Lines, and prints them. */
const ofJsonLines = (
  name: string,
  line: string,
  [command, ...args]: readonly [string, ...string[]],
  faults: Reader["faults"],
): Reader => ({
  name,
  format: "jsonl",
  use: "right",
  faults,
  line,
  isThere: () => has(command),
  read: (samples) => eachOf(samples, async ({ path }) => jsonLines(printed(await run(command, [...args, path])))),
});

const jq = ofJsonLines("jq", "jq -c . t.jsonl", ["jq", "-c", "."], {
  numbers: "integers beyond 2^53 are rounded before jq 1.7: export with `int64=string`",
  "a large INTEGER behind 22,000 small ones": "the same",
  infinities: "become 1.7976931348623157e+308: look for `9e999` before jq does",
});

const millerLines = ofJsonLines(
  "Miller",
  "mlr --ijsonl --ojson cat t.jsonl",
  ["mlr", "-S", "--ijsonl", "--ojsonl", "cat"],
  {},
);

/** The commands. */
export const shells: readonly Reader[] = [sqliteImport, csvkit, miller, jq, millerLines];
