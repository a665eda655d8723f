import { describe, expect, it } from "vitest";
import type { JobRequest } from "../../src/api.ts";
import { csv, jsonl, sql } from "../../src/index.ts";
import { parseJobOptions, parseOptions } from "../../src/options/parse.ts";
import { context, refusalOf } from "./cases.ts";

const job = (request: JobRequest) => parseJobOptions(request, context);
const query = (text: string) => job(new URLSearchParams(text));

/** A request as plain JavaScript may make it. */
function untyped(request: object): JobRequest {
  return request;
}

describe("a host's object", () => {
  it.each<[JobRequest, string]>([
    [{}, ""],
    [{ format: sql, tables: null, exclude: [], gzip: false, verify: false, callback: null }, ""],
    [{ format: csv, tables: ["USERS"] }, "format=csv&table=users"],
    [{ exclude: ["notes"], content: "data" }, "exclude=notes&content=data"],
    [{ gzip: true }, "gzip=1"],
    [{ gzip: true, compress: "gzip" }, "compress=gzip"],
    [{ format: jsonl, formatOptions: { int64: "string" } }, "format=jsonl&int64=string"],
    [{ for: "excel", formatOptions: { bom: "0" } }, "for=excel&bom=0"],
    [{ for: "duckdb", format: jsonl }, "for=duckdb&format=jsonl"],
    [
      { verify: true, onSchemaChange: "restart", onUndoLimit: "fuzzy" },
      "verify=1&onSchemaChange=restart&onUndoLimit=fuzzy",
    ],
    [untyped({ content: undefined, formatOptions: null, format: undefined, nothing: null }), ""],
  ])("%j is what a request says as '%s'", (request, text) => {
    expect(job(request)).toEqual(query(text));
  });

  it.each<[object, string, string]>([
    [
      { format: "csv" },
      "format",
      'Option "format" is the text "csv"; it takes the format itself, as in import { csv } from "durable-export"; allowed: sql, csv, jsonl',
    ],
    [{ format: { ...csv } }, "format", "The format is none of the Exporter's; allowed: sql, csv, jsonl"],
    [{ tables: "users" }, "tables", 'Option "tables" is "users"; allowed: a list of names, or null for all'],
    [{ tables: [] }, "tables", 'Option "tables" is an empty list; allowed: a list of names, or null for all'],
    [{ exclude: [1] }, "exclude", 'Option "exclude" is a list; allowed: a list of names'],
    [
      { tables: Array.from({ length: 1001 }, () => "users") },
      "tables",
      'Option "tables" has 1001 names; allowed: 1000 names',
    ],
    [{ content: "most" }, "content", 'Option "content" is "most"; allowed: all, schema, data'],
    [{ gzip: "1" }, "gzip", 'Option "gzip" is "1"; allowed: true, false'],
    [{ verify: 1 }, "verify", 'Option "verify" is 1; allowed: true, false'],
    [
      { gzip: false, compress: "gzip" },
      "compress",
      'Options "compress" and "gzip" say different things: compress: "gzip" and gzip: false; allowed: one of the two',
    ],
    [
      { formatOptions: { target: true } },
      "formatOptions.target",
      'Option "formatOptions.target" is true; allowed: a text',
    ],
    [
      { formatOptions: { target: "zz" } },
      "formatOptions.target",
      'Option "formatOptions.target" is "zz"; allowed: sqlite, d1',
    ],
    [
      { formatOptions: { bom: "1" } },
      "formatOptions.bom",
      'There is no option "formatOptions.bom" for format "sql"; format "csv" has it; allowed: formatOptions.target',
    ],
    [
      { tables: ["users"], exclude: ["users"] },
      "exclude",
      'Table "users" is in both "tables" and "exclude"; allowed: a name that is not in "tables"',
    ],
  ])("%j is refused by its own words", (request, option, message) => {
    expect(refusalOf(() => job(untyped(request)))).toEqual({ code: "invalid_option", option, message });
  });

  it.each<[object, RegExp]>([
    [
      { table: ["users"] },
      /^There is no option "table" here; that query parameter is "tables" in an object; allowed: /,
    ],
    [{ nulls: "NULL" }, /^There is no option "nulls" here; options of a format go into "formatOptions"; allowed: /],
    [{ verify: true }, /^There is no option "verify" for a download; a job has it, which start\(\) makes; allowed: /],
    [{ fromat: csv }, /^There is no option "fromat" here; allowed: format, for, tables, exclude, .*, formatOptions$/],
  ])("%j is told where such an option belongs", (request, message) => {
    expect(refusalOf(() => parseOptions(untyped(request), context)).message).toMatch(message);
  });

  it("names a table that there is not", () => {
    const message = 'Option "exclude" names "u", and no table has that name; there are "users", "notes", "Ünïcode"';
    expect(refusalOf(() => job({ exclude: ["u"] }))).toEqual({ code: "unknown_table", option: "exclude", message });
  });
});
