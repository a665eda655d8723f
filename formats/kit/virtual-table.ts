/** What a virtual table's definition says of it. */
import { quoteName } from "./expression.ts";
import type { Table } from "../format.ts";
import type { Newer } from "./sqlite-functions.ts";
import { isBlank, tokensOf, unquoted } from "./tokens.ts";

/** What is looked at of a table. */
type Definition = Pick<Table, "kind" | "sql">;

/** The module of a virtual table, in lower case: fts5, fts5vocab, rtree, rtree_i32; undefined for any other table. */
export function moduleOf(table: Definition): string | undefined {
  return definitionOf(table)?.module;
}

/** Where an FTS5 table has its content: in itself, in another table, or nowhere. Any other table has its own. */
export function contentOf(table: Definition): "own" | "external" | "none" {
  const definition = definitionOf(table);
  if (definition?.module !== "fts5") return "own";
  const option = optionOf(definition.arguments, "content");
  if (option === undefined) return "own";
  return /^\s*(?:''|""|``|\[\])?\s*$/.test(option) ? "none" : "external";
}

/** Where an FTS5 table reads its content from: the name of a table or view, and of the column there that is its rowid; null if it has its own, or none. */
export function externalContent(table: Definition): { readonly name: string; readonly rowid: string } | null {
  const definition = definitionOf(table);
  if (definition === undefined || contentOf(table) !== "external") return null;
  const option = (wanted: string) => optionOf(definition.arguments, wanted);
  return { name: valueOf(option("content")), rowid: valueOf(option("content_rowid") ?? "rowid") };
}

/** The FTS5 table whose terms an fts5vocab table shows. */
export function vocabularyOf(table: Definition): string {
  return valueOf(definitionOf(table)?.arguments[0]);
}

/** The value of an option, without its quotes; nothing where there is none. */
function valueOf(option = ""): string {
  return unquoted(option.trim());
}

/** True if an FTS5 table keeps the rowid of each row that is in its index, in `NAME_docsize`. */
export function keepsRowids(table: Definition): boolean {
  return makesShadow(table, "docsize");
}

/** What is lost of a table that comes out as what it shows. */
export function lostIndex(table: Table): readonly string[] {
  return contentOf(table) === "none"
    ? [`The index of ${quoteName(table.name)} is left out: an FTS5 table without content shows no text`]
    : [];
}

/** True if a virtual table makes a table of its own name and this ending; any other one of such a name is a user's. */
export function makesShadow(table: Definition, ending: string): boolean {
  const definition = definitionOf(table);
  switch (definition?.module) {
    case "fts5": // https://sqlite.org/fts5.html#fts5_data_structures
      if (ending === "content")
        return contentOf(table) === "own" || isOn(optionOf(definition.arguments, "contentless_unindexed"));
      if (ending === "docsize") return !/^\W*0/.test(optionOf(definition.arguments, "columnsize") ?? "1");
      return ["data", "idx", "config"].includes(ending);
    case "rtree":
    case "rtree_i32":
      return ["node", "rowid", "parent"].includes(ending);
    default:
      return false;
  }
}

function isOn(option: string | undefined): boolean {
  return option !== undefined && /[1-9]/.test(option);
}

/** FTS5 takes options by their first letters, the first one in its list that fits (fts5_config.c, fts5ConfigParseSpecial). */
const options = [
  "prefix",
  "tokenize",
  "content",
  "contentless_delete",
  "contentless_unindexed",
  "content_rowid",
  "columnsize",
  "locale",
  "detail",
  "tokendata",
];

/** Options that older releases do not know (https://sqlite.org/changes.html). */
const optionsSince: Readonly<Record<string, string>> = {
  contentless_delete: "3.43.0",
  contentless_unindexed: "3.47.0",
  locale: "3.47.0",
  tokendata: "3.45.0",
};

/** What an FTS5 table uses that older releases do not have. */
export function newerOptions(table: Definition): readonly Newer[] {
  const definition = definitionOf(table);
  if (definition?.module !== "fts5") return [];
  const found = Object.entries(optionsSince).filter(([name]) => optionOf(definition.arguments, name) !== undefined);
  const tokenizer = valueOf(optionOf(definition.arguments, "tokenize")).trim();
  const trigram: Newer[] = /^\W*trigram\b/i.test(tokenizer)
    ? [
        /\bremove_diacritics\b/i.test(tokenizer)
          ? { what: "FTS5: remove_diacritics of trigram", since: "3.45.0" }
          : { what: "FTS5: trigram", since: "3.34.0" },
      ]
    : [];
  return [...found.map(([name, since]) => ({ what: `FTS5: ${name}`, since })), ...trigram];
}

function optionOf(list: readonly string[], wanted: string): string | undefined {
  const values = list.flatMap((argument) => {
    const [, name = "", value = ""] = /^\s*(\w+)\s*=([\s\S]*)$/.exec(argument) ?? [];
    return name !== "" && options.find((option) => option.startsWith(name.toLowerCase())) === wanted ? [value] : [];
  });
  return values[0];
}

function definitionOf({ kind, sql }: Definition) {
  if (kind !== "virtual" || sql === null) return undefined;
  const list = tokensOf(sql).map((token) => (isBlank(token) ? " " : token));
  const open = list.indexOf("(");
  const head = (open === -1 ? list : list.slice(0, open)).join("");
  const module = /\busing\s*["'`[]?(\w+)["'`\]]?\s*$/i.exec(head)?.[1]?.toLowerCase();
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
