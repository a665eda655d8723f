/** What the options of a format may be, and are where nothing is said. */
import type { FormatOptionSpec, FormatOptionSpecs, FormatOptions } from "./format.ts";

/** The value of each option that nobody has given. */
export function defaultsOf(choices: FormatOptionSpecs): FormatOptions {
  return Object.fromEntries(
    Object.entries(choices).map(([name, choice]) => [name, "usual" in choice ? choice.usual : choice[0]]),
  );
}

/** True if the option may have that value. */
export function isAllowed(choice: FormatOptionSpec, value: string): boolean {
  return "usual" in choice ? choice.isAllowed(value) : choice.includes(value);
}

/** What it may be, for a message. */
export function allowedOf(choice: FormatOptionSpec): readonly string[] {
  return "usual" in choice ? [choice.allowed] : choice;
}
