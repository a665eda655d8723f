/** Makes docs/options.md from the tables of options: `npm run docs:options`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formats } from "../formats/index.ts";
import type { Format, FormatOptionSpec } from "../formats/format.ts";
import { listOptionTable } from "../src/options/list-options.ts";
import type { OptionText } from "../src/options/option.ts";
import { exportOptionTable, jobOptionTable } from "../src/options/table.ts";

export const optionsPagePath = join(import.meta.dirname, "../docs/options.md");

/** What a section of the page says of one option. */
interface Entry extends OptionText {
  /** Its query parameter. */
  readonly name: string;
  /** How a host's object writes it; null where no host does. */
  readonly member: string | null;
  readonly method: string;
  readonly formats: string;
  /** The path of a request that has it. */
  readonly path: string;
}

const both = "GET, POST";

function entriesOf(options: Readonly<Record<string, OptionText>>, rest: Pick<Entry, "method" | "path">): Entry[] {
  return Object.entries(options).map(([member, text]) => ({
    ...text,
    ...rest,
    name: text.parameter ?? member,
    member,
    formats: "all",
  }));
}

/** The options of formats by name: one entry for each format that has one, as they may differ. */
function formatEntries(): Entry[] {
  return formats.flatMap((format: Format) =>
    Object.entries(format.options ?? {}).map(([name, option]) => ({
      ...textOf(option),
      name,
      member: `formatOptions.${name}`,
      method: both,
      formats: format.name,
      path: "/export/dump",
      example: `format=${format.name}&${name}=${exampleOf(option)}`,
    })),
  );
}

function textOf(option: FormatOptionSpec): Omit<OptionText, "example"> {
  const { doc, default: usual } = option;
  return "values" in option
    ? { doc, values: option.values, defaultText: usual }
    : { doc, values: { TEXT: `\`${option.allowed}\`` }, defaultText: usual === "" ? "nothing at all" : usual };
}

/** A value that is not the default. */
function exampleOf(option: FormatOptionSpec): string {
  if (!("values" in option)) return option.example;
  return Object.keys(option.values).find((value) => value !== option.default) ?? option.default;
}

function section(entry: Entry, heading: string): string {
  const { doc, values, defaultText, member, name, method, path, example } = entry;
  const isWord = Object.hasOwn(values, defaultText);
  const verb = method === both ? "GET" : method;
  return `### ${heading}

${doc}

${Object.entries(values)
  .map(([value, meaning]) => `- \`${name}=${value}\`: ${meaning}`)
  .join("\n")}

Default: ${isWord ? `\`${defaultText}\`` : defaultText}. Method: ${method}. Format: ${entry.formats}.${
    member === null ? "" : ` In an object: \`${member}\`.`
  }

\`\`\`http
${verb} ${path}?${example}
\`\`\``;
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

/** The page, as it is to be. */
export function optionsPage(): string {
  const shared = entriesOf(exportOptionTable, { method: both, path: "/export/dump" });
  const ofJobs = entriesOf(jobOptionTable, { method: "POST", path: "/export/dump" });
  const ofFormats = formatEntries();
  const ofLists = entriesOf(listOptionTable, { method: "GET", path: "/export/dumps" });
  const headingOf = (entry: Entry) =>
    ofFormats.includes(entry) ? `\`${entry.name}\` for ${entry.formats}` : `\`${entry.name}\``;
  const overview = [...shared, ...ofJobs, ...ofFormats, ...ofLists].map((entry) => {
    const isWord = Object.hasOwn(entry.values, entry.defaultText);
    const link = `[\`${entry.name}\`](#${anchor(headingOf(entry))})`;
    const method = ofLists.includes(entry) ? "GET `/dumps`" : entry.method;
    return [link, method, entry.formats, isWord ? `\`${entry.defaultText}\`` : entry.defaultText];
  });
  const sections = (entries: readonly Entry[]) => entries.map((entry) => section(entry, headingOf(entry))).join("\n\n");
  return `<!-- Made by \`npm run docs:options\` from src/options and formats; change it there. -->

# Options

Options are query parameters of \`GET\` and \`POST /export/dump\`, and members of the object that a
host's code gives to \`exporter.dump()\` and \`exporter.start()\` ([below](#in-a-hosts-code)). All have
a default. What is no option, or not of this format or method, is refused with 400
\`invalid_option\`, which says what is allowed; nothing is passed over.

${markdownTable([["option", "method", "format", "default"], ...overview])}

## For downloads and jobs

${sections(shared)}

## For jobs

${sections(ofJobs)}

## Of one format

An option of one format is refused with any other.

${sections(ofFormats)}

## For the list of jobs

${sections(ofLists)}

## In a host's code

\`dump()\`, \`describe()\` and \`start()\` of the \`Exporter\` take the same options as an object. What is
different there:

- \`format\` is the format itself, not its name: \`import { csv } from "durable-export"\`.
- \`tables\` and \`exclude\` are lists. \`tables: null\` means all; an empty list is refused.
- \`gzip\` and \`verify\` are booleans.
- The options of a format go into \`formatOptions\`, and their values stay words: \`bom: "1"\`.
- A member that is \`undefined\` or \`null\` counts as not given.

\`\`\`ts
import { csv } from "durable-export";

// GET /export/dump?format=csv&table=users&nulls=NULL
const { body, fileName, mediaType } = this.exporter.dump({
  format: csv,
  tables: ["users"],
  formatOptions: { nulls: "NULL" },
});

// POST /export/dump?gzip=1&exclude=sessions&verify=1
const { dumpId } = await this.exporter.start({ gzip: true, exclude: ["sessions"], verify: true });
\`\`\`

A wrong value throws an \`ExportError\` that names it as it was written:
\`Option "formatOptions.nulls" is "1e5"; allowed: …\`. Both calls also take the \`URLSearchParams\` of a
request, and then say what a request is told.
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(optionsPagePath, optionsPage());
