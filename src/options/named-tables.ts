/** The tables that `tables` and `exclude` name. */
import { foldAscii } from "../../formats/kit/expression.ts";
import { ExportError, listed, namesShown } from "../errors.ts";
import type { GivenOptions } from "./given.ts";
import type { OptionContext } from "./option.ts";
import { refuse } from "./refusals.ts";

/** What an export selects, by names that the database has. Throws `unknown_table`, or `invalid_option` for a name in both lists. */
export function namedTables(
  asked: { readonly tables: readonly string[] | null; readonly exclude: readonly string[] },
  given: GivenOptions,
  { tableNames }: OptionContext,
): { readonly tables: readonly string[] | null; readonly exclude: readonly string[] } {
  const tables = asked.tables && existing(asked.tables, given.nameOf("tables"), tableNames);
  const exclude = existing(asked.exclude, given.nameOf("exclude"), tableNames);
  const inBoth = tables?.find((name) => exclude.includes(name));
  if (inBoth === undefined) return { tables, exclude };
  const selecting = given.nameOf("tables");
  const excluding = given.nameOf("exclude");
  return refuse({
    option: excluding,
    received: inBoth,
    allowed: [`a name that is not in "${selecting}"`],
    problem: `Table "${inBoth}" is in both "${selecting}" and "${excluding}"`,
  });
}

/** The tables of these names, each once; SQLite folds the case of ASCII letters. */
function existing(wanted: readonly string[], option: string, tableNames: () => readonly string[]): readonly string[] {
  if (wanted.length === 0) return [];
  const names = tableNames();
  const exact = new Set(names);
  const folded = new Map(names.map((name) => [foldAscii(name), name]));
  const found = wanted.map((name) => {
    const match = exact.has(name) ? name : folded.get(foldAscii(name));
    if (match !== undefined) return match;
    const list = names.length === 0 ? "there are no tables" : `there are ${listed(names)}`;
    throw new ExportError("unknown_table", `Option "${option}" names "${name}", and no table has that name; ${list}`, {
      details: { option, received: name, allowed: names.slice(0, namesShown) },
    });
  });
  return [...new Set(found)];
}
