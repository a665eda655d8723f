/** What no pragma tells of columns: the definition of their table does (https://sqlite.org/lang_createtable.html). */
import { isBlank, nameOf, tokensOf } from "../../formats/kit/tokens.ts";

/** One column, as it is defined. */
export interface ColumnDefinition {
  /** What a generated column is computed by, in parentheses; null for any other. */
  readonly expression: string | null;
  /** As it is written there; null where the column has the usual one. */
  readonly collation: string | null;
}

/** The columns of a CREATE TABLE statement by their names, ASCII case folded. */
export function definedColumns(definition: string): ReadonlyMap<string, ColumnDefinition> {
  const columns = new Map<string, ColumnDefinition>();
  for (const part of partsOf(definition)) {
    const [name = "", ...rest] = part.slice(part.findIndex((token) => token !== " "));
    const generated = wordAt(rest, "as");
    const collated = wordAt(rest, "collate");
    const defined: ColumnDefinition = {
      expression: generated === -1 ? null : parenthesized(rest.slice(generated)),
      collation: collated === -1 ? null : (rest.slice(collated + 1).find((token) => token !== " ") ?? null),
    };
    // columns come first; a constraint may begin with a word that is the name of one
    if (!columns.has(nameOf(name))) columns.set(nameOf(name), defined);
  }
  return columns;
}

/** What stands between the commas of a table's definition: columns, then constraints. Blanks and comments are one space each. */
function partsOf(definition: string): readonly (readonly string[])[] {
  const tokens = tokensOf(definition).map((token) => (isBlank(token) ? " " : token));
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

/** Where a word stands last outside of all parentheses; -1 if it does not. */
function wordAt(tokens: readonly string[], word: string): number {
  let depth = 0;
  return tokens.findLastIndex((token) => {
    if (token === ")") depth++;
    else if (token === "(") depth--;
    return depth === 0 && token.toLowerCase() === word;
  });
}

/** The first parentheses of some tokens, with all that is in them. */
function parenthesized(tokens: readonly string[]): string {
  const from = tokens.indexOf("(");
  let depth = 0;
  const to = tokens.findIndex((token, at) => {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    return at >= from && depth === 0;
  });
  return tokens.slice(from, to + 1).join("");
}
