/** Request parameters → `ExportOptions`, validated once, here. Every refusal says what came and what is allowed. */
import { foldAscii } from "../../formats/kit/expression.ts";
import { allowedOf, defaultsOf, isAllowed } from "../../formats/format-options.ts";
import type { FormatOptionSpecs, FormatOptions, Content, Format } from "../../formats/format.ts";
import { presets } from "../../formats/presets.ts";
import type { DumpRequest, JobRequest, Compression, ExportOptions, JobOptions } from "../api.ts";
import { ExportError, listed, namesShown } from "../errors.ts";
import { nodeZstd } from "../pack/node-zlib.ts";
import { noZstd } from "../pack/zstd-native.ts";

/** Jobs in one page of the list: where nothing is said, and at most. */
export const listedJobs = 100;

const maxListedJobs = 1000;

const single = ["for", "format", "compress", "gzip", "content", "consistency"] as const;
/** What only a job can do. */
const jobOnly = ["verify", "onSchemaChange", "onUndoLimit", "callback"] as const;
const repeatable = ["table", "exclude"] as const;
const compressions: readonly [Compression, ...Compression[]] = ["none", "gzip", "zstd"];
const contents: readonly [Content, ...Content[]] = ["all", "schema", "data"];

/** How often a name may be given: more do not fit into a URL that Workers take (16 KB). */
const maxNames = 1000;

/** What the options are checked against. */
export interface OptionContext {
  readonly formats: readonly Format[];
  /** Called only where a table is named. */
  readonly tableNames: () => readonly string[];
}

/** Reads what a download is asked for, by a request or by a host. Throws `invalid_option` or `unknown_table`. */
export function parseOptions(asked: DumpRequest, context: OptionContext): ExportOptions {
  return exportOptions(queryOf(asked, context), context, []);
}

/** Reads what a job is asked for. Throws `invalid_option` or `unknown_table`. */
export function parseJobOptions(asked: JobRequest, context: OptionContext): ExportOptions & Required<JobOptions> {
  const query = queryOf(asked, context);
  const options = exportOptions(query, context, jobOnly);
  return {
    ...options,
    verify: flag("verify", query),
    onSchemaChange: oneOf("onSchemaChange", query, ["fail", "restart"]),
    onUndoLimit: oneOf("onUndoLimit", query, ["fail", "fuzzy"]),
    callback: query.get("callback"),
  };
}

/** A host's options as a request would give them: they have the same defaults, and the same refusals. */
function queryOf(asked: JobRequest, { formats }: OptionContext): URLSearchParams {
  if (asked instanceof URLSearchParams) return asked;
  const { format, tables, exclude = [], formatOptions = {}, ...others } = asked;
  const query = new URLSearchParams();
  if (format !== undefined) {
    const names = formats.map(({ name }) => name);
    if (!formats.includes(format)) refuse("format", format.name, names, "The format is none of the Exporter's");
    query.set("format", format.name);
  }
  if (tables?.length === 0) refuse("table", "", ["names, or null for all"], "There are no names in the list of tables");
  for (const name of tables ?? []) query.append("table", name);
  for (const name of exclude) query.append("exclude", name);
  for (const [name, value] of Object.entries({ ...formatOptions, ...others })) {
    if (value === undefined || value === null) continue;
    query.append(name, typeof value === "boolean" ? String(Number(value)) : value);
  }
  return query;
}

/** Reads which page of the jobs is asked for. Throws `invalid_option`. */
export function parseList(query: URLSearchParams): { readonly limit: number; readonly cursor: string | null } {
  rejectUnknownOptions(query, ["limit", "cursor"]);
  for (const name of ["limit", "cursor"]) {
    const values = query.getAll(name);
    if (values.length > 1)
      refuse(name, values.join(", "), ["one value"], `Option "${name}" was given ${values.length} times`);
  }
  const limit = query.get("limit") ?? String(listedJobs);
  const isLimit = /^[1-9]\d{0,5}$/.test(limit) && Number(limit) <= maxListedJobs;
  if (!isLimit) return refuse("limit", limit, [`1 to ${maxListedJobs}`]);
  const cursor = query.get("cursor");
  if (cursor !== null && !/^[0-9a-z-]{1,64}$/i.test(cursor))
    return refuse("cursor", cursor, ["the cursor of the page before"]);
  return { limit: Number(limit), cursor };
}

/** For requests that have no options, or only these. Throws `invalid_option` for any other. */
export function rejectUnknownOptions(
  query: URLSearchParams,
  known: readonly string[],
  where: (name: string) => string = () => "here",
): void {
  for (const [name, value] of query)
    if (!known.includes(name))
      refuse(name, value, known.length === 0 ? ["none"] : known, `There is no option "${name}" ${where(name)}`);
}

function exportOptions(
  query: URLSearchParams,
  { formats, tableNames }: OptionContext,
  more: readonly string[],
): ExportOptions {
  const { format, preset } = formatOf(query, formats);
  const { options = {} } = format;
  const singles = [...single, ...Object.keys(options), ...more];
  rejectUnknownOptions(
    query,
    [...singles, ...repeatable],
    (one) => `for format "${format.name}"${whereElse(one, formats)}`,
  );
  for (const name of repeatable) {
    const values = query.getAll(name);
    if (values.length > maxNames)
      refuse(name, String(values.length), [`${maxNames} names`], `Option "${name}" was given ${values.length} times`);
  }
  for (const name of singles) {
    const values = query.getAll(name);
    if (values.length > 1)
      refuse(name, values.join(", "), ["one value"], `Option "${name}" was given ${values.length} times`);
  }
  const tables = namesOf("table", query.getAll("table"), tableNames);
  const exclude = namesOf("exclude", query.getAll("exclude"), tableNames);
  const both = tables.find((name) => exclude.includes(name));
  if (both !== undefined) {
    refuse("exclude", both, ["a name that is not in table="], `Table "${both}" is in both "table" and "exclude"`);
  }
  return {
    format,
    compress: compressionOf(query),
    tables: tables.length === 0 ? null : tables,
    exclude,
    content: oneOf("content", query, contents),
    consistency: oneOf("consistency", query, ["snapshot", "fuzzy"]),
    formatOptions: chosenOf(options, { ...defaultsOf(options), ...preset }, query),
  };
}

/** The format that is asked for, or that `for=` takes, and what that sets of its options; what is given beside it wins. */
function formatOf(query: URLSearchParams, formats: readonly Format[]): { format: Format; preset: FormatOptions } {
  const named = query.get("format");
  const names = formats.map((format) => format.name);
  const format = named === null ? formats[0] : formats.find((candidate) => candidate.name === named);
  if (format === undefined) return refuse("format", named ?? "", names);
  const program = query.get("for");
  if (program === null) return { format, preset: {} };
  const there = Object.entries(presets).map(
    ([name, list]) => [name, list.filter((preset) => formats.includes(preset.format))] as const,
  );
  const [, list] = there.find(([name]) => name === program) ?? [];
  const known = there.filter(([, { length }]) => length > 0).map(([name]) => name);
  if (list?.[0] === undefined) return refuse("for", program, known);
  const preset = named === null ? list[0] : list.find((candidate) => candidate.format === format);
  if (preset !== undefined) return { format: preset.format, preset: preset.options };
  const fitting = list.map((candidate) => candidate.format.name);
  return refuse(
    "format",
    named ?? "",
    fitting,
    `Option "for" is "${program}", which does not read format "${format.name}"`,
  );
}

/** What has an option that was given in vain. */
function whereElse(name: string, formats: readonly Format[]): string {
  if (jobOnly.some((one) => one === name)) return " and GET; a job has it, which POST starts";
  const others = formats.filter(({ options = {} }) => Object.hasOwn(options, name));
  return others.map((format) => `; format=${format.name} has it`).join("");
}

/** One of some values; the first where nothing is said. */
function oneOf<T extends string>(name: string, query: URLSearchParams, allowed: readonly [T, ...T[]]): T {
  const wanted = query.get(name) ?? allowed[0];
  return allowed.find((candidate) => candidate === wanted) ?? refuse(name, wanted, allowed);
}

/** How the file is packed: `compress`, or `gzip` in short; both may be given where they say the same. */
function compressionOf(query: URLSearchParams): Compression {
  const [isGzip, isSaid] = [flag("gzip", query), query.has("compress")];
  const compress = isSaid ? oneOf("compress", query, compressions) : isGzip ? "gzip" : "none";
  if (query.has("gzip") && isGzip !== (compress === "gzip")) {
    const problem = `Options "compress" and "gzip" say different things: compress=${compress} and gzip=${Number(isGzip)}`;
    refuse("compress", compress, ["one of the two"], problem);
  }
  if (compress === "zstd" && nodeZstd() === null)
    refuse("compress", compress, ["none", "gzip"], `Option "compress" is "zstd", and ${noZstd}`);
  return compress;
}

function flag(name: string, query: URLSearchParams): boolean {
  const value = query.get(name) ?? "0";
  return value === "0" || value === "1" ? value === "1" : refuse(name, value, ["0", "1"]);
}

/** A value for each of a format's own options. */
function chosenOf(choices: FormatOptionSpecs, usual: FormatOptions, query: URLSearchParams): FormatOptions {
  return Object.fromEntries(
    Object.entries(choices).map(([name, choice]) => {
      const value = query.get(name) ?? usual[name] ?? "";
      return isAllowed(choice, value) ? [name, value] : refuse(name, value, allowedOf(choice));
    }),
  );
}

/** The tables named, by the names that they have; SQLite folds the case of ASCII letters. */
function namesOf(
  option: "table" | "exclude",
  wanted: readonly string[],
  tableNames: () => readonly string[],
): readonly string[] {
  if (wanted.length === 0) return [];
  const names = tableNames();
  const exact = new Set(names);
  const folded = new Map(names.map((one) => [foldAscii(one), one]));
  const found = wanted.map((name) => {
    const match = exact.has(name) ? name : folded.get(foldAscii(name));
    if (match !== undefined) return match;
    const allowed = names.slice(0, namesShown);
    const list = names.length === 0 ? "there are no tables" : `there are ${listed(names)}`;
    throw new ExportError("unknown_table", `Option "${option}" names "${name}", and no table has that name; ${list}`, {
      details: { option, received: name, allowed },
    });
  });
  return [...new Set(found)];
}

function refuse(option: string, received: string | undefined, allowed: readonly string[], what?: string): never {
  const problem = what ?? `Option "${option}" is "${received}"`;
  throw new ExportError("invalid_option", `${problem}; allowed: ${allowed.join(", ")}`, {
    details: { option, received, allowed },
  });
}
