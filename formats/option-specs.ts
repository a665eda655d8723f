/** A format's own options. */

/** An option that takes one of some words. */
export interface ChoiceOption {
  /** What it is for, in one or two sentences: docs/options.md is made of them. */
  readonly doc: string;
  /** Each word that it takes, and what that means. */
  readonly values: Readonly<Record<string, string>>;
  /** The word that holds where nothing is said. */
  readonly default: string;
}

/** An option that takes a text of the caller's own. */
export interface FreeTextOption {
  /** What it is for, in one or two sentences: docs/options.md is made of them. */
  readonly doc: string;
  /** What it may be, in words: for the page, and for the refusal of anything else. */
  readonly allowed: string;
  readonly default: string;
  /** A value for the page. */
  readonly example: string;
  isAllowed(text: string): boolean;
}

/** One of a format's own options. */
export type FormatOptionSpec = ChoiceOption | FreeTextOption;

/** A format's own options, each a query parameter of that name. */
export type FormatOptionSpecs = Readonly<Record<string, FormatOptionSpec>>;

/** The value of each of a format's own options, by its name. */
export type FormatOptions = Readonly<Record<string, string>>;
