/** Options of a script: `--help` says which there are, and so does a mistake in them. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** What was given. Ends the process where that is not what is allowed. */
export function optionsOf<T extends ParseArgsConfig>(
  help: string,
  config: T,
): ReturnType<typeof parseArgs<T>>["values"] {
  if (process.argv.includes("--help")) {
    console.log(help);
    process.exit();
  }
  try {
    return parseArgs(config).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), help);
  }
}

/** A whole number of at least `least`. */
export function wholeNumber(name: string, value: string, least: number): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  return refuse(`--${name} is ${value}, allowed: whole numbers from ${least}`);
}

/** Ends the process with what was wrong, and what is allowed. */
export function refuse(what: string, help?: string): never {
  console.error(help === undefined ? what : `${what}\n\n${help}`);
  return process.exit(2);
}
