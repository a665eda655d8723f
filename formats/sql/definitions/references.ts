/**
 * Which tables and views a view or a trigger names. SQLite itself does not tell: its plans (EXPLAIN) leave out what it has optimized away, and
 * it looks at names only when they are used. So this reads its grammar (https://sqlite.org/lang.html), in which a name stands for a table in few places.
 */
import { codeOf, nameOf, wordOf } from "../../kit/tokens.ts";

/** What becomes of a table that is named. */
export type Deed = "read" | "insert" | "update" | "delete";

export interface Reference {
  readonly deed: Deed;
  /** ASCII case folded. */
  readonly name: string;
  /** Columns that an UPDATE sets, folded. */
  readonly columns: string[];
}

/** What a trigger fires at, and what it names then. */
export interface TriggerReferences {
  readonly event: Exclude<Deed, "read">;
  /** Columns of UPDATE OF, folded; none for all. */
  readonly columns: readonly string[];
  readonly references: readonly Reference[];
}

/** What a view reads. */
export function viewReferences(sql: string): readonly Reference[] {
  const list = codeOf(sql);
  let depth = 0;
  const start = list.findIndex((token) => {
    if (token === "(") depth++;
    if (token === ")") depth--;
    return depth === 0 && wordOf(token) === "as";
  });
  return referencesIn(list.slice(start + 1));
}

/** What a trigger fires at, and names. */
export function triggerReferences(sql: string): TriggerReferences {
  const list = codeOf(sql);
  const at = list.findIndex((token) => events.has(wordOf(token)));
  const on = list.findIndex((token, place) => place > at && wordOf(token) === "on");
  const event = events.get(wordOf(list[at] ?? "")) ?? "insert";
  const columns = list.slice(at + 2, on).filter((token) => token !== ",");
  return { event, columns: columns.map(nameOf), references: referencesIn(list.slice(on + 2)) };
}

const events = new Map<string, Exclude<Deed, "read">>([
  ["insert", "insert"],
  ["update", "update"],
  ["delete", "delete"],
]);

/** Words behind which no table of a FROM clause comes any more. */
const ends = new Set(
  "where group having window order limit union intersect except returning set select values".split(" "),
);

/** What is between two parentheses, or between two semicolons. */
interface Level {
  /** True in a FROM clause, where a comma is followed by a table. */
  isFrom: boolean;
  /** What the next name is there for, if it is a table's. */
  next: Deed | null;
  /** Names that WITH gives; a table of that name is not meant. */
  given: Set<string>;
}

function referencesIn(list: readonly string[]): readonly Reference[] {
  const found: Reference[] = [];
  const levels: Level[] = [levelOf(null)];
  let target: Reference = { deed: "read", name: "", columns: [] }; // what this INSERT or UPDATE is about
  let isSetting = false;
  for (let at = 0; at < list.length; at++) {
    const token = list[at] ?? "";
    const level = levels.at(-1);
    if (level === undefined) break;
    const next = list[at + 1] ?? "";
    if (token === "(") {
      levels.push(levelOf(level.next));
      level.next = null;
    } else if (token === ")") {
      levels.pop();
    } else if (level.next !== null && !ends.has(wordOf(token)) && !isWith(list, at)) {
      const isQualified = next === ".";
      if (isQualified) at += 2;
      const name = nameOf(list[at] ?? "");
      const isGiven = level.next === "read" && !isQualified && levels.some(({ given }) => given.has(name));
      const reference: Reference = { deed: level.next, name, columns: [] };
      if (!isGiven) found.push(reference);
      if (level.next !== "read") target = reference;
      level.next = null;
    } else if (token === ";") {
      Object.assign(level, levelOf(null));
      isSetting = false;
    } else if (list[at - 1] !== ".") {
      const isColumn = isSetting && levels.length <= 2 && (next === "=" || next === "," || next === ")");
      if (isColumn) target.columns.push(nameOf(token)); // one too many does no harm
      switch (wordOf(token)) {
        case "with":
          if (!isWith(list, at)) break;
          for (const name of givenAt(list, at + 1)) level.given.add(name);
          [level.isFrom, level.next] = [false, null];
          break;
        case "from":
          if (wordOf(list[at - 1] ?? "") === "distinct" && /^(?:is|not)$/.test(wordOf(list[at - 2] ?? ""))) break;
          [level.isFrom, level.next] = [true, wordOf(list[at - 1] ?? "") === "delete" ? "delete" : "read"];
          break;
        case "join":
          level.next = "read";
          break;
        case ",":
          if (level.isFrom) level.next = "read";
          break;
        case "into":
          level.next = "insert";
          break;
        case "update":
          if (wordOf(next) === "set") {
            // of an UPSERT
            target = { deed: "update", name: target.name, columns: [] };
            found.push(target);
            break;
          }
          if (wordOf(next) === "or") at += 2;
          level.next = "update";
          break;
        case "in":
          if (next !== "(") level.next = "read";
          break;
        default:
          if (!ends.has(wordOf(token))) break;
          [level.isFrom, level.next] = [false, null];
          isSetting = wordOf(token) === "set";
      }
    }
  }
  return found;
}

function levelOf(next: Deed | null): Level {
  return { isFrom: next !== null, next: next === null ? null : "read", given: new Set() };
}

function isWith(list: readonly string[], at: number): boolean {
  return wordOf(list[at] ?? "") === "with" && [...givenAt(list, at + 1)].length > 0;
}

/** The names that a WITH clause gives, which begins here; none where `with` is a name itself. */
function* givenAt(list: readonly string[], start: number): Iterable<string> {
  let at = wordOf(list[start] ?? "") === "recursive" && wordOf(list[start + 1] ?? "") !== "as" ? start + 1 : start;
  for (;;) {
    const name = nameOf(list[at] ?? "");
    at++;
    if (list[at] === "(") at = behindParenthesis(list, at);
    if (wordOf(list[at] ?? "") !== "as") return;
    yield name;
    at = behindParenthesis(list, list.indexOf("(", at)); // MATERIALIZED may come in front of it
    if (list[at] !== ",") return;
    at++;
  }
}

function behindParenthesis(list: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at >= 0 && at < list.length; at++) {
    if (list[at] === "(") depth++;
    if (list[at] === ")" && --depth === 0) return at + 1;
  }
  return list.length;
}
