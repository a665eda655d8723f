/**
 * `for=NAME`: the options by which one program reads each value as it is, or refuses it, with its line in docs/readers.md. A preset is here only
 * if that program itself holds it (test/readers/readers.test.ts). It changes how values are written, never what they are: no preset makes
 * an infinity NULL.
 */
import { csv } from "./csv/csv.ts";
import type { FormatOptions, Format } from "./format.ts";
import { jsonl } from "./jsonl/jsonl.ts";

/** A format for a program, and what of its options is not as usual. */
export interface Preset {
  readonly format: Format;
  readonly options: FormatOptions;
}

/** By name, each with the format that is taken where none is asked for first. */
export const presets: Readonly<Record<string, readonly Preset[]>> = {
  postgres: [{ format: csv, options: { blobs: "postgres" } }],
  mysql: [{ format: csv, options: { nulls: "NULL" } }],
  duckdb: [
    { format: csv, options: { blobs: "duckdb" } },
    { format: jsonl, options: { blobs: "base64" } },
  ],
  pandas: [
    { format: jsonl, options: { blobs: "base64" } },
    { format: csv, options: {} },
  ],
  excel: [{ format: csv, options: { bom: "1", formulas: "guard", int64: "string" } }],
};
