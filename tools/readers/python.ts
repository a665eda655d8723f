/** Readers that are libraries of Python: pandas, pyarrow, its own csv. */
import { join } from "node:path";
import { run } from "../../test/support/e2e/commands.ts";
import { answersOf, linesOf } from "./lines.ts";
import type { Reader } from "./reader.ts";

const script = join(import.meta.dirname, "frames.py");

/** Packages of their own, newer than Debian's: `python3 -m venv test/readers/venv`, and its pip. */
const venv = join(import.meta.dirname, "../../test/readers/venv/bin/python");

/** The first Python that has a module; Debian's packages are for its own one. */
async function pythonWith(module: string): Promise<string | undefined> {
  for (const python of [venv, "python3", "/usr/bin/python3"]) {
    const ran = await run(python, ["-c", `import ${module}`]).catch(() => null);
    if (ran?.code === 0) return python;
  }
  return undefined;
}

const reader = (
  name: string,
  use: Reader["use"],
  {
    format = "csv",
    query = `format=${format}`,
    module,
    how,
    line,
    faults = {},
  }: Partial<Pick<Reader, "format" | "query" | "faults">> & Pick<Reader, "line"> & { module: string; how: string },
): Reader => ({
  name,
  format,
  query,
  use,
  faults,
  line,
  isThere: async () => (await pythonWith(module)) !== undefined,
  async read(samples) {
    const python = (await pythonWith(module)) ?? "python3";
    return answersOf(await run(python, ["-W", "ignore", script, how], linesOf(samples)));
  },
});

/** The libraries, as people use them first, and as docs say. */
export const pythons: readonly Reader[] = [
  reader("pandas, plain", "plain", { module: "pandas", how: "pandas", line: "pandas.read_csv('t.csv')" }),
  reader("pandas", "right", {
    module: "pandas",
    how: "pandas exact",
    line: "pandas.read_csv('t.csv', dtype=str, keep_default_na=False, skip_blank_lines=False, lineterminator='\\n')",
    faults: {
      "an empty name": "is called `Unnamed: 0`: give `names=[…], header=0`",
      "NUL in text": "ends there: take JSON Lines",
    },
  }),
  reader("pyarrow, plain", "plain", { module: "pyarrow", how: "pyarrow", line: "pyarrow.csv.read_csv('t.csv')" }),
  reader("pyarrow", "right", {
    module: "pyarrow",
    how: "pyarrow exact",
    line: "read_csv('t.csv', parse_options=ParseOptions(newlines_in_values=True, ignore_empty_lines=False), convert_options=ConvertOptions(column_types={…: 'string'}, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=['']))",
  }),
  reader("polars, plain", "plain", { module: "polars", how: "polars", line: "polars.read_csv('t.csv')" }),
  reader("polars", "right", {
    module: "polars",
    how: "polars exact",
    line: "polars.read_csv('t.csv', infer_schema=False, missing_utf8_is_empty_string=False)",
    faults: { "names that need quotes": "a quote in a name is doubled: rename the columns" },
  }),
  reader("Python's csv", "right", {
    module: "csv",
    how: "csv",
    line: "[row or [''] for row in csv.reader(open('t.csv', newline='', encoding='utf-8'), strict=True)]",
  }),
  reader("Python's json", "right", {
    format: "jsonl",
    module: "json",
    how: "json",
    line: "[json.loads(line) for line in open('t.jsonl', encoding='utf-8', newline='\\n')]",
  }),
  reader("pandas, plain", "plain", {
    format: "jsonl",
    module: "pandas",
    how: "pandas lines",
    line: "pandas.read_json('t.jsonl', lines=True)",
  }),
  reader("pandas", "right", {
    format: "jsonl",
    module: "pandas",
    how: "pandas lines exact",
    line: "pandas.DataFrame([json.loads(line) for line in open('t.jsonl', encoding='utf-8', newline='\\n')], dtype=object)",
  }),
  reader("pandas, for=pandas", "right", {
    format: "jsonl",
    query: "for=pandas",
    module: "pandas",
    how: "pandas lines exact",
    line: "pandas.DataFrame([json.loads(line) for line in open('t.jsonl', encoding='utf-8', newline='\\n')], dtype=object)",
  }),
  reader("pandas, for=pandas", "right", {
    query: "for=pandas&format=csv",
    module: "pandas",
    how: "pandas exact",
    line: "as above",
    faults: { "an empty name": "the same", "NUL in text": "the same" },
  }),
  reader("polars, plain", "plain", {
    format: "jsonl",
    module: "polars",
    how: "polars lines",
    line: "polars.read_ndjson('t.jsonl')",
  }),
  reader("polars", "right", {
    format: "jsonl",
    query: "format=jsonl&infinity=string&blobs=base64",
    module: "polars",
    how: "polars lines exact",
    line: "polars.read_ndjson('t.jsonl', schema={'a': polars.Int64, 'b': polars.String, …}), with `infinity=string&blobs=base64`",
  }),
  reader("pyarrow, plain", "plain", {
    format: "jsonl",
    module: "pyarrow",
    how: "pyarrow lines",
    line: "pyarrow.json.read_json('t.jsonl')",
  }),
  reader("pyarrow", "right", {
    format: "jsonl",
    query: "format=jsonl&blobs=base64",
    module: "pyarrow",
    how: "pyarrow lines exact",
    line: "pyarrow.json.read_json('t.jsonl', parse_options=ParseOptions(explicit_schema=schema([('a', int64()), ('b', string()), …])), read_options=ReadOptions(block_size=1 << 27)), with `blobs=base64`",
  }),
];
