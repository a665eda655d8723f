import { describe, expect, it } from "vitest";
import { csv, jsonl, sql, type ExportOptions } from "../../src/index.ts";
import { parseJobOptions, parseOptions } from "../../src/options/parse.ts";
import { context, refusalOf } from "./cases.ts";

const download = (query: string) => parseOptions(new URLSearchParams(query), context);
const job = (query: string) => parseJobOptions(new URLSearchParams(query), context);

/** What holds where nothing is said. */
const defaults: ExportOptions = {
  format: sql,
  compress: "none",
  tables: null,
  exclude: [],
  content: "all",
  consistency: "snapshot",
  formatOptions: { target: "sqlite" },
};

const csvDefaults = { nulls: "", blobs: "base64", infinity: "string", int64: "number", bom: "0", formulas: "keep" };
const jsonlDefaults = { int64: "number", infinity: "number", blobs: "object" };

describe("a query", () => {
  it.each<[string, Partial<ExportOptions>]>([
    ["", {}],
    ["format=sql", {}],
    ["format=csv", { format: csv, formatOptions: csvDefaults }],
    ["format=jsonl", { format: jsonl, formatOptions: jsonlDefaults }],
    ["table=users", { tables: ["users"] }],
    ["table=notes&table=USERS&table=users", { tables: ["notes", "users"] }],
    ["table=%C3%9CN%C3%AFCODE", { tables: ["Ünïcode"] }],
    ["exclude=Notes", { exclude: ["notes"] }],
    ["content=schema", { content: "schema" }],
    ["compress=zstd", { compress: "zstd" }],
    ["gzip=1", { compress: "gzip" }],
    ["gzip=0", {}],
    ["gzip=1&compress=gzip", { compress: "gzip" }],
    ["gzip=0&compress=zstd", { compress: "zstd" }],
    ["consistency=fuzzy", { consistency: "fuzzy" }],
    ["target=d1", { formatOptions: { target: "d1" } }],
    ["format=csv&nulls=\\N&bom=1", { format: csv, formatOptions: { ...csvDefaults, nulls: "\\N", bom: "1" } }],
    ["for=postgres", { format: csv, formatOptions: { ...csvDefaults, blobs: "postgres" } }],
    ["for=duckdb", { format: csv, formatOptions: { ...csvDefaults, blobs: "duckdb" } }],
    ["for=duckdb&format=jsonl", { format: jsonl, formatOptions: { ...jsonlDefaults, blobs: "base64" } }],
    ["for=mysql&nulls=NA", { format: csv, formatOptions: { ...csvDefaults, nulls: "NA" } }],
    ["for=mysql&nulls=", { format: csv, formatOptions: csvDefaults }],
  ])("of '%s' is a download with all options", (query, wanted) => {
    expect(download(query)).toEqual({ ...defaults, ...wanted });
  });

  it.each([
    ["", {}],
    ["verify=1", { verify: true }],
    ["onSchemaChange=restart", { onSchemaChange: "restart" }],
    ["onUndoLimit=fuzzy&gzip=1", { onUndoLimit: "fuzzy", compress: "gzip" }],
    ["callback=https://a.example/", { callback: "https://a.example/" }],
  ])("of '%s' is a job with all options", (query, wanted) => {
    const jobDefaults = { verify: false, onSchemaChange: "fail", onUndoLimit: "fail", callback: null };
    expect(job(query)).toEqual({ ...defaults, ...jobDefaults, ...wanted });
  });

  const known = "format, for, table, exclude, content, compress, gzip, consistency";
  it.each([
    ["format=xml", "format", 'Option "format" is "xml"; allowed: sql, csv, jsonl'],
    ["format=sql&format=csv", "format", 'Option "format" was given 2 times; allowed: one value'],
    ["for=bigquery", "for", 'Option "for" is "bigquery"; allowed: postgres, mysql, duckdb, pandas, excel'],
    ["for=mysql&format=jsonl", "format", 'Option "for" is "mysql", which does not read format "jsonl"; allowed: csv'],
    ["tables=users", "tables", `There is no option "tables" for format "sql"; allowed: ${known}, target`],
    ["nulls=x", "nulls", `There is no option "nulls" for format "sql"; format=csv has it; allowed: ${known}, target`],
    [
      "verify=1",
      "verify",
      `There is no option "verify" for format "sql" and GET; a job has it, which POST starts; allowed: ${known}, target`,
    ],
    ["toString=1", "toString", `There is no option "toString" for format "sql"; allowed: ${known}, target`],
    ["content=toString", "content", 'Option "content" is "toString"; allowed: all, schema, data'],
    ["gzip=true", "gzip", 'Option "gzip" is "true"; allowed: 0, 1'],
    ["gzip=toString", "gzip", 'Option "gzip" is "toString"; allowed: 0, 1'],
    ["gzip=", "gzip", 'Option "gzip" is ""; allowed: 0, 1'],
    [
      "gzip=0&compress=gzip",
      "compress",
      'Options "compress" and "gzip" say different things: compress=gzip and gzip=0; allowed: one of the two',
    ],
    ["target=toString", "target", 'Option "target" is "toString"; allowed: sqlite, d1'],
    ["target=d1&target=d1", "target", 'Option "target" was given 2 times; allowed: one value'],
    [
      "table=users&exclude=USERS",
      "exclude",
      'Table "users" is in both "table" and "exclude"; allowed: a name that is not in "table"',
    ],
    [
      `table=${Array.from({ length: 1001 }).join("&table=")}`,
      "table",
      'Option "table" was given 1001 times; allowed: 1000 names',
    ],
  ])("of '%s' is refused by its own words", (query, option, message) => {
    expect(refusalOf(() => download(query))).toEqual({ code: "invalid_option", option, message });
  });

  it("names a table that there is not", () => {
    const message = 'Option "table" names "ünïcode", and no table has that name; there are "users", "notes", "Ünïcode"';
    expect(refusalOf(() => download("table=ünïcode"))).toEqual({ code: "unknown_table", option: "table", message });
  });
});
