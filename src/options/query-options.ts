/** The options in a request's query. */
import type { Format } from "../../formats/format.ts";
import type { GivenOptions } from "./given.ts";
import { maxNames, type Option, type OptionContext } from "./option.ts";
import { refuse, refuseUnknown } from "./refusals.ts";
import { jobOptionTable, parameterOf, type OptionName } from "./table.ts";

/** Options that are given as query parameters. */
export class QueryOptions implements GivenOptions {
  readonly #query: URLSearchParams;
  readonly #context: OptionContext;

  constructor(query: URLSearchParams, context: OptionContext) {
    this.#query = query;
    this.#context = context;
  }

  has(name: OptionName): boolean {
    return this.#query.has(this.nameOf(name));
  }

  value<T>(name: string, option: Option<T>): T {
    const parameter = option.parameter ?? name;
    const texts = option.isRepeatable ? this.#all(parameter) : this.#single(parameter);
    if (texts.length === 0) return option.default;
    const value = option.inQuery.valueOf(texts, this.#context);
    if (value !== undefined) return value;
    const allowed = option.inQuery.allowed(this.#context);
    const problem = option.inQuery.problem?.(texts);
    return refuse({ option: parameter, received: texts.join(", "), allowed, problem });
  }

  formatOption(name: string): string | undefined {
    return this.#single(name)[0];
  }

  nameOf(name: OptionName): string {
    return parameterOf(name);
  }

  setting(name: OptionName, value: string | boolean): string {
    return `${this.nameOf(name)}=${typeof value === "boolean" ? Number(value) : value}`;
  }

  formatOptionName(name: string): string {
    return name;
  }

  rejectUnknown({ name: format, options = {} }: Format, known: readonly OptionName[]): void {
    const allowed = [...known.map(parameterOf), ...Object.keys(options)];
    for (const [option, received] of this.#query)
      if (!allowed.includes(option))
        refuseUnknown({ option, received, allowed }, `for format "${format}"${this.#whereElse(option)}`);
  }

  /** Names the method, or the formats, that do have the option. */
  #whereElse(name: string): string {
    if (Object.hasOwn(jobOptionTable, name)) return " and GET; a job has it, which POST starts";
    const others = this.#context.formats.filter(({ options = {} }) => Object.hasOwn(options, name));
    return others.map((format) => `; format=${format.name} has it`).join("");
  }

  /** The one text that is given, or none. */
  #single(parameter: string): readonly string[] {
    const texts = this.#query.getAll(parameter);
    if (texts.length < 2) return texts;
    return refuseCount(parameter, texts, texts.join(", "), "one value");
  }

  #all(parameter: string): readonly string[] {
    const texts = this.#query.getAll(parameter);
    if (texts.length <= maxNames) return texts;
    return refuseCount(parameter, texts, String(texts.length), `${maxNames} names`);
  }
}

function refuseCount(option: string, texts: readonly string[], received: string, allowed: string): never {
  const problem = `Option "${option}" was given ${texts.length} times`;
  return refuse({ option, received, allowed: [allowed], problem });
}
