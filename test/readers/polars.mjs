// Reads the files whose paths come by standard input, as text; prints names and rows of each as a line of JSON.
import { createInterface } from "node:readline";
import pl from "nodejs-polars";

const options = { inferSchemaLength: 0, missingUtf8IsEmptyString: false };

function cell(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return ["text", value];
  if (typeof value === "bigint" || Number.isInteger(value)) return ["integer", String(value)];
  return typeof value === "number" ? ["real", String(value)] : ["other", String(value)];
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const frame = pl.readCSV(JSON.parse(line), options);
    const columns = frame.columns.map((name) => frame.getColumn(name).toArray());
    const rows = Array.from({ length: frame.height }, (_, at) => columns.map((column) => cell(column[at])));
    console.log(JSON.stringify({ names: frame.columns, rows }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
