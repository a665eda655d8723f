/** What generated columns are made of. No pragma tells; the definition does. */
import { foldAscii } from "../../formats/expression.ts";
import { isBlank, tokensOf } from "../../formats/tokens.ts";
import type { SourceTable } from "./schema.ts";

/** Gives the stored columns that a column is made of, by their names with ASCII case folded: itself where it is stored. */
export function sourcesOf({ sql, stored, visible }: SourceTable): (column: string) => ReadonlySet<string> {
  const plain = new Set(stored.map(({ name }) => foldAscii(name)));
  const all = new Set(visible.map(({ name }) => foldAscii(name)));
  const mentioned = mentionsOf(sql ?? "", all);
  const sources = (column: string, above: ReadonlySet<string>): ReadonlySet<string> => {
    if (plain.has(column)) return new Set([column]);
    const names = mentioned.get(column);
    if (names === undefined || above.has(column)) return plain; // not understood: it may be made of anything
    const below = new Set([...above, column]);
    return new Set([...names].flatMap((name) => [...sources(name, below)]));
  };
  return (column) => sources(foldAscii(column), new Set());
}

/** The columns that stand in the expression of each generated column. */
function mentionsOf(definition: string, columns: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const mentions = new Map<string, ReadonlySet<string>>();
  for (const [name = "", ...rest] of partsOf(definition)) {
    const at = wordAt(rest, "as");
    if (at === -1 || !columns.has(nameOf(name))) continue;
    // a string is the name of a column only behind a dot, and 'b' is none
    const names = rest.slice(at).filter((token, index, list) => !token.startsWith("'") || list[index - 1] === ".");
    mentions.set(nameOf(name), new Set(names.map(nameOf).filter((one) => columns.has(one))));
  }
  return mentions;
}

/** What stands between the commas of a table's definition: columns, then constraints. */
function partsOf(definition: string): readonly (readonly string[])[] {
  const tokens = tokensOf(definition).filter((token) => !isBlank(token));
  const parts: string[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(tokens.indexOf("(") + 1)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    if (depth < 0) break;
    if (token === "," && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** Where a word stands outside of all parentheses; -1 if it does not. */
function wordAt(tokens: readonly string[], word: string): number {
  let depth = 0;
  return tokens.findIndex((token) => {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    return depth === 0 && token.toLowerCase() === word;
  });
}

/** A name without its quotes, ASCII case folded. */
function nameOf(token: string): string {
  const quote = /^["'`[]/.exec(token)?.[0];
  if (quote === undefined) return foldAscii(token);
  const inner = token.slice(1, -1);
  return foldAscii(quote === "[" ? inner : inner.replaceAll(quote + quote, quote));
}
