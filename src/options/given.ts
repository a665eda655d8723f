/** What somebody has asked for, in a query (query-options.ts) or in a host's object (object-options.ts). */
import type { Format } from "../../formats/format.ts";
import type { Option } from "./option.ts";
import type { OptionName } from "./table.ts";

/** The options that are given, each under the name that the caller has for it. */
export interface GivenOptions {
  /** True if the option is given. */
  has(name: OptionName): boolean;
  /** The option's value; its default if it is not given. Throws `invalid_option`. */
  value<T>(name: string, option: Option<T>): T;
  /** What is given for one of the format's own options. Throws `invalid_option`. */
  formatOption(name: string): string | undefined;
  /** How the caller writes the name of an option. */
  nameOf(name: OptionName): string;
  /** How the caller writes an option with a value. */
  setting(name: OptionName, value: string | boolean): string;
  /** How the caller writes the name of one of a format's own options. */
  formatOptionName(name: string): string;
  /** Throws `invalid_option` if anything is given that an export into this format has no option for. */
  rejectUnknown(format: Format, known: readonly OptionName[]): void;
}
