/** What a definition uses that older releases of SQLite do not have, by its tokens: what stands in a string, a name or a comment does not count. */
import { functionsSince, newerArguments, tableFunctions, type Newer } from "../../kit/sqlite-functions.ts";
import type { SchemaObject } from "../../format.ts";
import { codeOf, wordOf } from "../../kit/tokens.ts";

/** What any of this begins with, so that most definitions are not looked at any closer. */
const hints = new RegExp(
  `\\b(?:${[...functionsSince.keys()].join("|")}|json_valid|iif|distinct|join|materialized|conflict|raise|strict|order)\\b|->|\\b\\d\\w*_`,
  "i",
);

/** Words in front of a parenthesis that is not that of a function's arguments. */
const noCalls = new Set(
  "over as in exists filter values and or not on where when then else select set by having using materialized from join case between is like glob union all except intersect check default table into view index trigger references update conflict key unique".split(
    " ",
  ),
);
/** Words behind which a name is that of a table, a type or an alias, though a parenthesis follows. */
const namesBefore = new Set("table into exists from join references view index trigger update as".split(" "));
/** What may stand between RIGHT or FULL and JOIN, and in front of them. */
const joinWords = new Set(["natural", "outer", "right", "full", "left", "inner", "cross"]);

/** All that a table, an index, a view or a trigger uses and older releases do not have; of a virtual table, see `virtual.ts`. */
export function newerIn({ type, sql }: Pick<SchemaObject, "type" | "sql">): readonly Newer[] {
  if (sql === null || !hints.test(sql)) return [];
  const tokens = codeOf(sql);
  const words = tokens.map(wordOf);
  if (words[1] === "virtual") return [];
  const pairs = pairsOf(words);
  const found: Newer[] = [];
  const add = (what: string, since: string) => found.push({ what, since });
  const open: boolean[] = []; // parentheses: of a function's arguments, or not
  let clauses = 0; // ON CONFLICT of the statement so far
  for (const [at, word] of words.entries()) {
    const [before = "", next = ""] = [words[at - 1], words[at + 1]];
    if (/^\d\w*_/.test(word)) add("digits in groups, as in 1_000", "3.46.0");
    if (before === ".") continue; // a column, or a table
    if (next === "(") {
      const name = calledName(tokens[at] ?? "");
      const pair = pairs.get(at + 1);
      const isOne = () => isCall({ words, at, type, name, depth: open.length, end: pair?.end });
      const since = functionsSince.get(name);
      if (since !== undefined && isOne()) add(`${name}()`, since);
      const argued = pair === undefined ? null : newerArguments(name, pair.commas.length + 1);
      if (argued !== null && isOne()) found.push(argued);
    }
    switch (word) {
      case "(":
        open.push(isName(tokens[at - 1] ?? "") && !noCalls.has(before) && !/^(?:select|with|values)$/.test(next));
        break;
      case ")":
        open.pop();
        break;
      case ";":
        clauses = 0;
        break;
      case ">":
        if (before === "-") add(next === ">" ? "->>" : "->", "3.38.0");
        break;
      case "distinct":
        if (next === "from" && /^(?:is|not)$/.test(before)) add("IS DISTINCT FROM", "3.39.0");
        break;
      case "join":
        if (isOuter(words, at)) add("RIGHT or FULL JOIN", "3.39.0");
        break;
      case "materialized":
        if (next === "(" && /^(?:as|not)$/.test(before)) add("MATERIALIZED", "3.35.0");
        break;
      case "do":
        if (next !== "nothing" && !(next === "update" && words[at + 2] === "set")) break;
        clauses++;
        if (clauses > 1) add("several ON CONFLICT", "3.35.0");
        else if (before === "conflict" && next === "update") add("ON CONFLICT DO UPDATE without columns", "3.35.0");
        break;
      case "order":
        if (next === "by" && open.at(-1) === true) add("ORDER BY in an aggregate", "3.44.0");
        break;
      case "raise":
        if (next === "(" && type === "trigger" && isExpression(words, pairs.get(at + 1)))
          add("RAISE() of an expression", "3.47.0");
        break;
      case "strict":
        if (type === "table" && open.length === 0 && /^[,)]$/.test(before)) add("STRICT", "3.37.0");
    }
  }
  return found;
}

/** What stands between two parentheses: where they end, and the commas that are in no other ones. */
interface Pair {
  readonly commas: number[];
  end?: number;
}

/** By the places of the opening ones. */
function pairsOf(words: readonly string[]): ReadonlyMap<number, Pair> {
  const pairs = new Map<number, Pair>();
  const open: Pair[] = [];
  for (const [at, word] of words.entries()) {
    if (word === ",") open.at(-1)?.commas.push(at);
    if (word === "(") {
      const pair: Pair = { commas: [] };
      open.push(pair);
      pairs.set(at, pair);
    }
    const closed = word === ")" ? open.pop() : undefined;
    if (closed !== undefined) closed.end = at;
  }
  return pairs;
}

/** The name of a function; SQLite lets it be quoted like any other name, but not as a string. */
function calledName(token: string): string {
  return (/^["`[]/.test(token) ? token.slice(1, -1) : token).toLowerCase();
}

function isName(token: string): boolean {
  return /^["`[\w$\u0080-\uffff]/.test(token);
}

/** A name in front of a parenthesis, and where that ends. */
interface Place {
  readonly words: readonly string[];
  readonly at: number;
  readonly type: SchemaObject["type"];
  readonly name: string;
  readonly depth: number;
  readonly end: number | undefined;
}

/** False for a table, a type, an alias, or a WITH of this name. */
function isCall({ words, at, type, name, depth, end = at }: Place): boolean {
  const [before = "", first = ""] = [words[at - 1], words[at - 2]];
  // in a table, what is not within the parentheses of a column or a constraint is a name or a type
  if (type === "table" && depth < 2) return false;
  if (type === "index" && depth === 0) return before !== "on" && before !== "index" && before !== "exists";
  if (tableFunctions.has(name) && /^(?:from|join)$/.test(before)) return true;
  if (before === "from" && first === "distinct") return true;
  if (namesBefore.has(before)) return false;
  const behind = `${words[end + 1] ?? ""} ${words[end + 2] ?? ""}`;
  return !/^as (?:\(|materialized|not)/.test(behind);
}

/** RIGHT and FULL are words of a JOIN, unless they are a table's name or an alias. */
function isOuter(words: readonly string[], join: number): boolean {
  for (let at = join - 1; joinWords.has(words[at] ?? ""); at--)
    if (/^(?:right|full)$/.test(words[at] ?? "") && !/^(?:from|join|as|,|\.|\()$/.test(words[at - 1] ?? ""))
      return true;
  return false;
}

/** Before 3.47 the message of RAISE() is a name or a string: no number, no NULL, nothing of several pieces. */
function isExpression(words: readonly string[], pair: Pair | undefined): boolean {
  const [comma] = pair?.commas ?? [];
  if (comma === undefined || pair?.end === undefined) return false;
  return pair.end - comma > 2 || /^(?:\d.*|null)$/.test(words[comma + 1] ?? "");
}
