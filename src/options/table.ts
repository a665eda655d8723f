/**
 * The options of an export. Everything else follows from this table: the types in src/api.ts, what a request and a host may say, what a job keeps,
 * and docs/options.md. A format's own options are in its `options` (formats/format.ts).
 */
import { format, program } from "./format-option.ts";
import { choice, flag, freeText, names, type OptionText } from "./option.ts";
import { namesOf, type ValuesOf } from "./option-values.ts";

/** For downloads and for jobs, by the names that a host's object has. */
export const exportOptionTable = {
  /** The format of the file. @default the first of the Exporter's formats: `sql` */
  format,
  /** The program that is to read the file: sets `format`, and what the program needs of that format's options, where nothing else is said. @default null */
  for: program,
  /** The tables to export, by name; null for all but `exclude`. @default null */
  tables: names({
    parameter: "table",
    doc: "Exports this table, with its indexes and triggers. The case of ASCII letters does not matter. May be given up to 1,000 times.",
    values: { NAME: "the name of a table; a virtual table takes its shadow tables along" },
    default: null,
    defaultText: "all tables",
    example: "table=users&table=orders",
    inObject: "a list of names, or null for all",
  }),
  /** Tables to leave out, by name. @default [] */
  exclude: names<readonly string[]>({
    doc: "Leaves this table out, with its indexes and triggers. May be given up to 1,000 times.",
    values: { NAME: "the name of a table" },
    default: [],
    defaultText: "nothing is left out",
    example: "exclude=sessions",
    inObject: "a list of names",
  }),
  /** Definitions and rows, or one of both. @default "all" */
  content: choice({
    doc: "Exports definitions, rows, or both.",
    values: { all: "definitions and rows", schema: "definitions only", data: "rows only" },
    default: "all",
    example: "content=schema",
  }),
  /** How the file is packed; in an archive of several tables `gzip` means deflated entries, and there is no `zstd`. @default "none" */
  compress: choice({
    doc: "Packs the file. Several tables as CSV or JSON Lines make a ZIP archive; there `gzip` deflates the entries, and `zstd` is refused.",
    values: {
      none: "as it is",
      gzip: "one gzip file (RFC 1952)",
      zstd: "one Zstandard frame (RFC 8878); the Worker needs the compatibility flag `nodejs_compat`",
    },
    default: "none",
    example: "compress=zstd",
  }),
  /** `true` is `compress: "gzip"`. @default false */
  gzip: flag({
    doc: "Short for `compress=gzip`. Both may be given if they say the same.",
    on: "`compress=gzip`",
    example: "format=csv&gzip=1",
  }),
  /** The database as it stood at one moment, whatever is written meanwhile; or, at no cost to writers, as it is when it is read. @default "snapshot" */
  consistency: choice({
    doc: "Says which state of the database the file holds, when it is written to during the export.",
    values: {
      snapshot: "the state of one moment; each row that is changed before it is exported costs its writer one more row",
      fuzzy:
        "each row as it is when it is read, at no cost to writers; a job's status names the tables that changed meanwhile",
    },
    default: "snapshot",
    example: "consistency=fuzzy",
  }),
} as const;

/** For jobs alone. */
export const jobOptionTable = {
  /** Reads the finished file back from R2, part by part, before the job is complete. @default false */
  verify: flag({
    doc: "Reads the finished file back from R2 and compares it with what was sent, before the job is complete.",
    on: "the file is read back",
    example: "verify=1",
  }),
  /** What to do when the schema is changed while the job runs: fail, or begin again, once. @default "fail" */
  onSchemaChange: choice({
    doc: "Says what to do when the schema is changed while the job runs.",
    values: {
      fail: "the job fails with `schema_changed`",
      restart: "the job begins again with the new schema, once; a second change fails it",
    },
    default: "fail",
    example: "onSchemaChange=restart",
  }),
  /** What to do when more rows are changed under a snapshot than `maxUndoBytes` holds: fail, or go on without a snapshot. @default "fail" */
  onUndoLimit: choice({
    doc: "Says what to do when more rows are changed under a snapshot than may be kept (`maxUndoBytes` of the Exporter).",
    values: {
      fail: "the job fails with `snapshot_too_old`",
      fuzzy: "the job goes on without a snapshot, and its status says so",
    },
    default: "fail",
    example: "onUndoLimit=fuzzy",
  }),
  /** An `https:` URL that is told how the job ended (Standard Webhooks); its host must be one of the Exporter's `callbackHosts`. @default null */
  callback: freeText({
    doc: "Calls this URL when the job has ended, as [Standard Webhooks](https://www.standardwebhooks.com) has it: signed, and again for a day until it arrives.",
    values: { URL: "an `https:` URL whose host is one of the Exporter's `callbackHosts`" },
    defaultText: "nobody is called",
    example: "callback=https://hooks.example.com/exports",
    allowed: "an https: URL",
    isAllowed: () => true, // which hosts may be called, the Exporter's webhooks say
  }),
} as const;

/** The names of all options, as a host's object has them. */
export type OptionName = keyof typeof exportOptionTable | keyof typeof jobOptionTable;

/** What each option of a download may be; a job has these, too. */
export type ExportOptionValues = ValuesOf<typeof exportOptionTable>;

/** What each option of a job alone may be. */
export type JobOptionValues = ValuesOf<typeof jobOptionTable>;

export const exportOptionNames = namesOf(exportOptionTable);
export const jobOptionNames = namesOf(jobOptionTable);

const texts: Readonly<Record<OptionName, OptionText>> = { ...exportOptionTable, ...jobOptionTable };

/** The query parameter of an option. */
export function parameterOf(name: OptionName): string {
  return texts[name].parameter ?? name;
}
