/** The format of an export, as `format` and `for` together say it. */
import type { Format, FormatOptions } from "../../formats/format.ts";
import { programsFor } from "./format-option.ts";
import type { GivenOptions } from "./given.ts";
import type { OptionContext } from "./option.ts";
import { refuse } from "./refusals.ts";

/** The format of an export, and what `for` sets of its options. Throws `invalid_option` if the program does not read that format. */
export function chosenFormat(
  asked: { readonly format: Format | null; readonly for: string | null },
  given: GivenOptions,
  context: OptionContext,
): { readonly format: Format; readonly preset: FormatOptions } {
  if (asked.for === null) {
    const chosen = asked.format ?? context.formats[0];
    if (chosen === undefined) throw new TypeError("The Exporter has no formats");
    return { format: chosen, preset: {} };
  }
  const list = programsFor(context).find(([name]) => name === asked.for)?.[1] ?? [];
  const found = asked.format === null ? list[0] : list.find((preset) => preset.format === asked.format);
  if (found !== undefined) return { format: found.format, preset: found.options };
  const name = asked.format?.name ?? "";
  return refuse({
    option: given.nameOf("format"),
    received: name,
    allowed: list.map((preset) => preset.format.name),
    problem: `Option "${given.nameOf("for")}" is "${asked.for}", which does not read format "${name}"`,
  });
}
