/** What a virtual table's definition says of it. */
import type { Table } from "./format.ts";

/** Strings, quoted names, comments; a comma; an opening or a closing parenthesis; anything else. */
const tokens =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[^'"`[\-/,()]+|[\s\S]/g;

/** The module of a virtual table, in lower case: fts5, fts5vocab, rtree, rtree_i32; undefined for any other table. */
export function moduleOf(table: Table): string | undefined {
  return definitionOf(table)?.module;
}

/** Where an FTS5 table has its content: in itself, in another table, or nowhere. Any other table has its own. */
export function contentOf(table: Table): "own" | "external" | "none" {
  const definition = definitionOf(table);
  if (definition?.module !== "fts5") return "own";
  const [option] = definition.arguments.flatMap((argument) => /^\s*content\s*=([\s\S]*)$/i.exec(argument)?.[1] ?? []);
  if (option === undefined) return "own";
  return /^\s*(?:''|""|``|\[\])?\s*$/.test(option) ? "none" : "external";
}

function definitionOf({
  kind,
  sql,
}: Table): { readonly module: string; readonly arguments: readonly string[] } | undefined {
  if (kind !== "virtual" || sql === null) return undefined;
  const list = (sql.match(tokens) ?? []).filter((token) => !/^(?:--|\/\*)/.test(token));
  const open = list.indexOf("(");
  const head = (open === -1 ? list : list.slice(0, open)).join("");
  const module = /\busing\s+["'`[]?(\w+)["'`\]]?\s*$/i.exec(head)?.[1]?.toLowerCase();
  if (module === undefined) return undefined;
  const close = list.lastIndexOf(")");
  const parameters: string[] = [""];
  let depth = 0;
  for (const token of open === -1 ? [] : list.slice(open + 1, close)) {
    if (token === "(") depth++;
    if (token === ")") depth--;
    if (token === "," && depth === 0) parameters.push("");
    else parameters[parameters.length - 1] += token;
  }
  return { module, arguments: parameters };
}
