/** The options in a host's object. */
import type { Format } from "../../formats/format.ts";
import type { JobRequest } from "../api.ts";
import type { GivenOptions } from "./given.ts";
import { maxNames, type Option, type OptionContext } from "./option.ts";
import { refuse, refuseUnknown } from "./refusals.ts";
import { jobOptionTable, parameterOf, type OptionName } from "./table.ts";

/** The member that holds the format's own options. */
const formatOptionsName = "formatOptions";

/** Options that are given as members of an object. A member that is undefined or null is not given. */
export class ObjectOptions implements GivenOptions {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #formatOptions: ReadonlyMap<string, unknown>;
  readonly #context: OptionContext;

  constructor(request: Exclude<JobRequest, URLSearchParams>, context: OptionContext) {
    const members = membersOf(request);
    this.#formatOptions = membersOf(members.get(formatOptionsName) ?? {});
    members.delete(formatOptionsName);
    this.#members = members;
    this.#context = context;
  }

  has(name: OptionName): boolean {
    return this.#members.has(name);
  }

  value<T>(name: string, option: Option<T>): T {
    const given = this.#members.get(name);
    if (given === undefined) return option.default;
    if (option.isRepeatable && Array.isArray(given) && given.length > maxNames) {
      const received = String(given.length);
      const problem = `Option "${name}" has ${received} names`;
      return refuse({ option: name, received, allowed: [`${maxNames} names`], problem });
    }
    const value = option.inObject.valueOf(given, this.#context);
    if (value !== undefined) return value;
    const problem = option.inObject.problem?.(given) ?? problemOf(name, given);
    return refuse({ option: name, received: shown(given), allowed: option.inObject.allowed(this.#context), problem });
  }

  formatOption(name: string): string | undefined {
    const given = this.#formatOptions.get(name);
    if (given === undefined || typeof given === "string") return given;
    const option = this.formatOptionName(name);
    return refuse({ option, received: shown(given), allowed: ["a text"], problem: problemOf(option, given) });
  }

  nameOf(name: OptionName): string {
    return name;
  }

  setting(name: OptionName, value: string | boolean): string {
    return `${name}: ${JSON.stringify(value)}`;
  }

  formatOptionName(name: string): string {
    return `${formatOptionsName}.${name}`;
  }

  rejectUnknown({ name: format, options = {} }: Format, known: readonly OptionName[]): void {
    const allowed = [...known, formatOptionsName];
    for (const [option, given] of this.#members)
      if (!allowed.includes(option))
        refuseUnknown({ option, received: shown(given), allowed }, this.#whereElse(option, known));
    for (const [name, given] of this.#formatOptions) {
      if (Object.hasOwn(options, name)) continue;
      const refusal = {
        option: this.formatOptionName(name),
        received: shown(given),
        allowed: Object.keys(options).map((other) => this.formatOptionName(other)),
      };
      const others = this.#formatsWith(name).map((other) => `; format "${other}" has it`);
      refuseUnknown(refusal, `for format "${format}"${others.join("")}`);
    }
  }

  /** Names the call, or the member, that does have the option. */
  #whereElse(name: string, known: readonly OptionName[]): string {
    if (Object.hasOwn(jobOptionTable, name)) return "for a download; a job has it, which start() makes";
    const renamed = known.find((other) => parameterOf(other) === name);
    if (renamed !== undefined) return `here; that query parameter is "${renamed}" in an object`;
    if (this.#formatsWith(name).length > 0) return `here; options of a format go into "${formatOptionsName}"`;
    return "here";
  }

  #formatsWith(name: string): readonly string[] {
    return this.#context.formats
      .filter(({ options = {} }) => Object.hasOwn(options, name))
      .map((format) => format.name);
  }
}

function membersOf(object: object): Map<string, unknown> {
  return new Map(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));
}

function problemOf(name: string, given: unknown): string {
  return `Option "${name}" is ${typeof given === "string" ? `"${given}"` : shown(given)}`;
}

/** A value as a message shows it. */
function shown(given: unknown): string {
  if (typeof given === "string") return given;
  if (typeof given === "number" || typeof given === "boolean" || typeof given === "bigint") return String(given);
  if (Array.isArray(given)) return given.length === 0 ? "an empty list" : "a list";
  if (typeof given === "object" && given !== null && "name" in given) return String(given.name);
  return typeof given === "function" ? "a function" : "an object";
}
