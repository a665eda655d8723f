/** What generated columns are made of, and which of them may fail to be computed. No pragma tells; the definition does. */
import { foldAscii } from "../../formats/kit/expression.ts";
import { codeOf, nameOf } from "../../formats/kit/tokens.ts";
import { definedColumns } from "../schema/column-definitions.ts";
import type { SourceTable } from "../schema/source-table.ts";

type Defined = Pick<SourceTable, "sql" | "insertableColumns" | "columns">;

/** Gives the stored columns that a column is made of, by their names with ASCII case folded: itself where it is stored. */
export function sourcesOf({ sql, insertableColumns, columns }: Defined): (column: string) => ReadonlySet<string> {
  const plain = new Set(insertableColumns.map(({ name }) => foldAscii(name)));
  const all = new Set(columns.map(({ name }) => foldAscii(name)));
  let defined: ReturnType<typeof definedColumns> | null = null; // most tables have no such column
  const sources = (column: string, above: ReadonlySet<string>): ReadonlySet<string> => {
    if (plain.has(column)) return new Set([column]);
    const expression = (defined ??= definedColumns(sql ?? "")).get(column)?.expression ?? null;
    if (expression === null || above.has(column)) return plain; // not understood: it may be made of anything
    const below = new Set([...above, column]);
    return new Set([...namesIn(expression, all)].flatMap((name) => [...sources(name, below)]));
  };
  return (column) => sources(foldAscii(column), new Set());
}

/** The columns that stand in an expression. */
function namesIn(expression: string, columns: ReadonlySet<string>): ReadonlySet<string> {
  const tokens = codeOf(expression);
  // a string is the name of a column only behind a dot, and 'b' is none
  const names = tokens.filter((token, at) => !token.startsWith("'") || tokens[at - 1] === ".");
  return new Set(names.map(nameOf).filter((one) => columns.has(one)));
}

/** The generated columns of a table whose expressions may fail for some values; `harmless` functions never do. */
export function fallibleOf({ sql, insertableColumns, columns }: Defined, harmless = infallible): readonly string[] {
  const plain = new Set(insertableColumns.map(({ name }) => name));
  const computed = columns.filter(({ name }) => !plain.has(name));
  if (computed.length === 0) return [];
  const defined = definedColumns(sql ?? "");
  return computed.flatMap(({ name }) => {
    const expression = defined.get(foldAscii(name))?.expression ?? null;
    return expression === null || mayFail(expression, harmless) ? [name] : [];
  });
}

/** True for an expression with a function that may throw; operators do not, but `->` and `->>`, which read JSON, and ESCAPE. */
function mayFail(expression: string, harmless: ReadonlySet<string>): boolean {
  const tokens = codeOf(expression);
  return tokens.some((token, at) => {
    const word = nameOf(token);
    if (throwing.has(word) || (token === "-" && tokens[at + 1] === ">")) return true;
    const isCall = tokens[at + 1] === "(" && /^[A-Za-z_"`[\u0080-\uffff]/.test(token);
    const isType = tokens[at - 1]?.toLowerCase() === "as"; // CAST(… AS VARCHAR(10))
    return isCall && !isType && !beforeParenthesis.has(word) && !harmless.has(word);
  });
}

const throwing = new Set(["escape", "regexp", "match"]);

/** Words that stand in front of an expression in parentheses. */
const beforeParenthesis = new Set(
  "and or not is in between like glob case when then else isnull notnull from".split(" "),
);

/**
 * Functions that fail for no values (https://sqlite.org/lang_corefunc.html, lang_mathfunc.html). Not among them: `abs()`, which overflows,
 * those of dates, which refuse 'now', those of JSON, and what is not known.
 */
const infallible: ReadonlySet<string> = new Set(
  (
    "cast char coalesce concat concat_ws format hex ifnull iif instr length likelihood likely lower ltrim max min nullif octet_length printf " +
    "quote replace round rtrim sign soundex substr substring trim typeof unhex unicode unlikely upper zeroblob " +
    "acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh sqrt tan tanh trunc"
  ).split(" "),
);

/** Those that do not fail because a number is another one. */
export const infallibleForNumbers: ReadonlySet<string> = new Set([
  ...infallible,
  ..."date time datetime julianday unixepoch strftime timediff".split(" "),
]);
