/** Readers that are packages of npm: PapaParse, polars where it is installed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Papa from "papaparse";
import { run } from "../../test/support/e2e/commands.ts";
import { answersOf, linesOf } from "./lines.ts";
import { eachOf, texts, type Reader } from "./reader.ts";

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

const polars = (name: string, line: string): Reader => ({
  name,
  format: "csv",
  use: "right",
  faults: { "names that need quotes": "a quote in a name is doubled: rename the columns" },
  line,
  isThere: () => existsSync(join(packages, "node_modules/nodejs-polars")),
  async read(samples) {
    const script = join(packages, "polars.mjs");
    return answersOf(await run(process.execPath, [script], linesOf(samples)));
  },
});

/** The packages, as people use them first, and as docs say. */
export const libraries: readonly Reader[] = [
  papaParse,
  polars("polars for JavaScript", "pl.readCSV('t.csv', { inferSchemaLength: 0, missingUtf8IsEmptyString: false })"),
];
