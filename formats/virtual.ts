/** What a virtual table's definition says of it. */
import type { Table } from "./format.ts";
import { tokensOf } from "./tokens.ts";

/** The module of a virtual table, in lower case: fts5, fts5vocab, rtree, rtree_i32; undefined for any other table. */
export function moduleOf(table: Table): string | undefined {
  return definitionOf(table)?.module;
}

/** Where an FTS5 table has its content: in itself, in another table, or nowhere. Any other table has its own. */
export function contentOf(table: Table): "own" | "external" | "none" {
  const definition = definitionOf(table);
  if (definition?.module !== "fts5") return "own";
  const [option] = definition.arguments.flatMap((argument) => {
    const [, name = "", value = ""] = /^\s*(\w+)\s*=([\s\S]*)$/.exec(argument) ?? [];
    // FTS5 takes options by their first letters (fts5_config.c, fts5ConfigParseSpecial)
    return name !== "" && "content".startsWith(name.toLowerCase()) ? [value] : [];
  });
  if (option === undefined) return "own";
  return /^\s*(?:''|""|``|\[\])?\s*$/.test(option) ? "none" : "external";
}

function definitionOf({ kind, sql }: Table) {
  if (kind !== "virtual" || sql === null) return undefined;
  const list = tokensOf(sql).filter((token) => !/^(?:--|\/\*)/.test(token));
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
