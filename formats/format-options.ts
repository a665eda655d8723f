/** The values that a format's own options may have, and have where nobody has given one. */
import type { FormatOptionSpec, FormatOptionSpecs, FormatOptions } from "./format.ts";

/** The default of each option. */
export function defaultsOf(options: FormatOptionSpecs): FormatOptions {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.default]));
}

/** True if the option may have that value. */
export function isAllowed(option: FormatOptionSpec, value: string): boolean {
  return "values" in option ? Object.hasOwn(option.values, value) : option.isAllowed(value);
}

/** What the option may be, for a message. */
export function allowedOf(option: FormatOptionSpec): readonly string[] {
  return "values" in option ? Object.keys(option.values) : [option.allowed];
}
