/** `format` and `for`: the format of the file, and the program that is to read it, which brings its format along. */
import type { Format } from "../../formats/format.ts";
import { presets, type Preset } from "../../formats/presets.ts";
import type { Option, OptionContext } from "./option.ts";

const namesOf = ({ formats }: Pick<OptionContext, "formats">) => formats.map(({ name }) => name);

/** A name in a query, the format itself in a host's object. Null where nothing is said. */
export const format: Option<Format | null> = {
  doc: "The format of the file.",
  values: {
    sql: "statements that make the database anew",
    csv: "one CSV file for each table",
    jsonl: "one JSON Lines file for each table",
  },
  default: null,
  defaultText: "sql",
  example: "format=csv&table=users",
  isRepeatable: false,
  inQuery: {
    allowed: namesOf,
    valueOf: ([name], { formats }) => formats.find((candidate) => candidate.name === name),
  },
  inObject: {
    allowed: namesOf,
    valueOf: (given, { formats }) => formats.find((candidate) => candidate === given),
    problem: (given) =>
      typeof given === "string"
        ? `Option "format" is the text "${given}"; it takes the format itself, as in import { csv } from "durable-export"`
        : "The format is none of the Exporter's",
  },
};

const programNames = (context: OptionContext) => programsFor(context).map(([name]) => name);
const programOf = (given: unknown, context: OptionContext) => programNames(context).find((name) => name === given);

/** The name of a program (formats/presets.ts). Null where nothing is said. */
export const program: Option<string | null> = {
  doc: "Takes the format and the format's options that one program needs to read every value right; an option that is given as well wins. See [readers.md](readers.md).",
  values: Object.fromEntries(Object.entries(presets).map(([name, list]) => [name, list.map(described).join("; or ")])),
  default: null,
  defaultText: "no program is in view",
  example: "for=postgres&table=users",
  isRepeatable: false,
  inQuery: { allowed: programNames, valueOf: ([name], context) => programOf(name, context) },
  inObject: { allowed: programNames, valueOf: programOf },
};

/** The programs that read any of the formats on offer, each with what it needs of those. */
export function programsFor({ formats }: OptionContext): readonly (readonly [string, readonly Preset[]])[] {
  return Object.entries(presets)
    .map(([name, list]) => [name, list.filter((preset) => formats.includes(preset.format))] as const)
    .filter(([, list]) => list.length > 0);
}

/** A preset as a query would say it. */
function described({ format: { name }, options }: Preset): string {
  const set = Object.entries({ format: name, ...options });
  return `\`${set.map(([option, value]) => `${option}=${value}`).join("&")}\``;
}
