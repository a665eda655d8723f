/** What an option is: what is said of it in docs/options.md, and how a request's text and a host's value become the value that it stands for. */
import type { Format } from "../../formats/format.ts";

/** How many names an option may be given: more do not fit into a URL that Workers take (16 KB). */
export const maxNames = 1000;

/** What the options of an export are checked against. */
export interface OptionContext {
  /** The formats on offer, the first one the default. */
  readonly formats: readonly Format[];
  /** Called only where a table is named. */
  readonly tableNames: () => readonly string[];
}

/** One way to give a value: as the texts of a query parameter, or as a value in a host's object. */
interface Notation<Given, T> {
  /** What may be given, for the refusal of anything else. */
  allowed(context: OptionContext): readonly string[];
  /** What is meant by it; undefined if it is none of what is allowed. */
  valueOf(given: Given, context: OptionContext): T | undefined;
  /** What is wrong with a value that is not allowed, where "Option … is …" does not say enough. */
  problem?(given: Given): string;
}

/** What docs/options.md says of an option. */
export interface OptionText {
  /** Its query parameter, where that has another name than the member of a host's object. */
  readonly parameter?: string;
  /** What it is for, in one or two sentences. */
  readonly doc: string;
  /** What it takes in a request, each with what that means; a word in capitals stands for one of the caller's. */
  readonly values: Readonly<Record<string, string>>;
  /** What holds where nothing is said, in the words of a request. */
  readonly defaultText: string;
  /** A query that uses it. */
  readonly example: string;
}

/** One row of the table of options. */
export interface Option<T> extends OptionText {
  /** The value where nothing is said. */
  readonly default: T;
  /** True if a query may give it several times. */
  readonly isRepeatable: boolean;
  readonly inQuery: Notation<readonly string[], T>;
  readonly inObject: Notation<unknown, T>;
}

/** What a kind of option needs to be told of one of them. */
type Row<T> = Omit<OptionText, "defaultText"> & { readonly default: T };

/** An option that takes one of some words; a host writes the same ones. */
export function choice<const V extends Readonly<Record<string, string>>>(
  row: Row<keyof V & string> & { readonly values: V },
): Option<keyof V & string> {
  const allowed = () => Object.keys(row.values);
  const isWord = (given: unknown): given is keyof V & string =>
    typeof given === "string" && Object.hasOwn(row.values, given);
  return {
    ...row,
    defaultText: row.default,
    isRepeatable: false,
    inQuery: { allowed, valueOf: ([text]) => (isWord(text) ? text : undefined) },
    inObject: { allowed, valueOf: (given) => (isWord(given) ? given : undefined) },
  };
}

/** An option that is on or off: `1` or `0` in a query, a boolean in an object. Off where nothing is said. */
export function flag(row: Omit<Row<false>, "default" | "values"> & { readonly on: string }): Option<boolean> {
  const { on, ...described } = row;
  const words = new Map([
    ["0", false],
    ["1", true],
  ]);
  return {
    ...described,
    values: { 0: "no", 1: on },
    default: false,
    defaultText: "0",
    isRepeatable: false,
    inQuery: { allowed: () => [...words.keys()], valueOf: ([given = ""]) => words.get(given) },
    inObject: {
      allowed: () => ["true", "false"],
      valueOf: (given) => (typeof given === "boolean" ? given : undefined),
    },
  };
}

/** An option that takes names: a query gives the parameter once for each, an object a list. */
export function names<D extends null | readonly string[]>(
  row: Row<D> & Pick<OptionText, "defaultText"> & { readonly inObject: string },
): Option<readonly string[] | D> {
  const isList = (given: unknown): given is readonly string[] =>
    Array.isArray(given) && given.every((name) => typeof name === "string");
  return {
    ...row,
    isRepeatable: true,
    inQuery: { allowed: () => Object.keys(row.values), valueOf: (texts) => texts },
    inObject: {
      allowed: () => [row.inObject],
      valueOf: (given) => (isList(given) && (given.length > 0 || row.default !== null) ? given : undefined),
    },
  };
}

/** An option that takes a text of the caller's own; null where nothing is said. */
export function freeText(
  row: Omit<Row<null>, "default"> &
    Pick<OptionText, "defaultText"> & {
      /** What the text may be, for the refusal of anything else. */
      readonly allowed: string;
      readonly isAllowed: (given: string) => boolean;
    },
): Option<string | null> {
  const { allowed: words, isAllowed, ...described } = row;
  const allowed = () => [words];
  const valueOf = (given: unknown) => (typeof given === "string" && isAllowed(given) ? given : undefined);
  return {
    ...described,
    default: null,
    isRepeatable: false,
    inQuery: { allowed, valueOf: ([given]) => valueOf(given) },
    inObject: { allowed, valueOf },
  };
}

/** An option that takes a whole number from 1 on. */
export function count(row: Row<number> & { readonly most: number }): Option<number> {
  const { most, ...described } = row;
  const allowed = () => [`1 to ${most}`];
  const isCount = (given: unknown): given is number =>
    typeof given === "number" && Number.isInteger(given) && given >= 1 && given <= most;
  const valueOf = (given: unknown) => (isCount(given) ? given : undefined);
  return {
    ...described,
    defaultText: String(row.default),
    isRepeatable: false,
    inQuery: {
      allowed,
      valueOf: ([digits = ""]) => (/^[1-9]\d*$/.test(digits) ? valueOf(Number(digits)) : undefined),
    },
    inObject: { allowed, valueOf },
  };
}
