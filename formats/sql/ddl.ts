/** Stored CREATE statements, made safe to run one behind the other in any reader. */
import { foldAscii } from "../kit/expression.ts";
import { isBlank, tokensOf } from "../kit/tokens.ts";

/** What to run for a definition. */
export interface Runnable {
  /** The statement, with its `;`. */
  readonly statement: string;
  /** False where a reader stores another text than the one given: the statement had to be put otherwise. */
  readonly isExact: boolean;
}

/**
 * The statement as it can stand in a file. `columns` are those of the table that it defines or is about; null for a reader that takes
 * double-quoted strings for strings, as workerd does.
 */
export function runnable(sql: string, columns: readonly string[] | null): Runnable {
  if (isPlain(sql)) return { statement: `${sql};\n`, isExact: true };
  const list = tokensOf(sql);
  const [, second = "", third = ""] = list.filter((token) => !isBlank(token));
  const isIndex = /^index$/i.test(/^unique$/i.test(second) ? third : second);
  const text = columns === null ? sql : standalone(list, columns, isIndex).map(standing).join("");
  const last = list.at(-1) ?? "";
  const isOpenBlock = last.startsWith("/*") && (last.length < 4 || !last.endsWith("*/"));
  // A line comment would swallow the `;`; SQLite accepts a block comment that never ends, which would swallow the file.
  const end = isOpenBlock ? "*/;\n" : last.startsWith("--") ? "\n;\n" : ";\n";
  // SQLite keeps the line feed that closes a comment: of an index, and of a table that does not end in its `)`.
  const keepsLineFeed = isIndex || (/^table$/i.test(second) && list.findLast((token) => !isBlank(token)) !== ")");
  const isStoredOtherwise =
    isOpenBlock || (keepsLineFeed && end.startsWith("\n")) || (columns !== null && sql.includes("\r\n")); // the shell drops the CR
  return { statement: text + end, isExact: text === sql && !isStoredOtherwise };
}

/**
 * True for most definitions, which any reader runs and stores as they are: there is no comment, no CR LF, no line that the shell could
 * take for the end of a statement, and no double-quoted string, as there is no expression outside of an index.
 */
function isPlain(sql: string): boolean {
  if (/[\r/]|--|\bgo\b/i.test(sql)) return false;
  return !sql.includes('"') || /^create table (?![^]*\b(?:check|as|default)\b)/i.test(sql);
}

/** The sqlite3 shell takes a line that holds nothing but `/` or `go` for the end of a statement. */
function standing(token: string, at: number, list: readonly string[]): string {
  if (token !== "/" && !/^go$/i.test(token)) return token;
  const isAlone = (others: readonly string[]) => {
    const border = others.findIndex((other) => other.includes("\n") || !isBlank(other));
    return border === -1 || isBlank(others[border] ?? "");
  };
  return isAlone(list.slice(at + 1)) && isAlone(list.slice(0, at).toReversed()) ? `/**/ ${token}` : token;
}

/** Names that mean the rowid where no column has them. */
const rowidNames = ["rowid", "oid", "_rowid_"];

/**
 * Expressions that mean the same to every reader. Double-quoted strings become single-quoted ones: SQLite takes `"x"` for a string where
 * no column has that name, unless it was told not to, as the newer sqlite3 shells and node:sqlite are
 * (https://sqlite.org/quirks.html#dblquote). CR LF in a string is put together, as the shell drops the CR.
 */
function standalone(list: readonly string[], columns: readonly string[], isIndex: boolean): readonly string[] {
  const names = new Set(columns.map(foldAscii));
  const hasRowid = !list.some((token) => /^without$/i.test(token));
  let [depth, expression, before, context] = [0, 0, "", ""];
  return list.map((token, at) => {
    if (isBlank(token)) return token;
    const previous = before;
    before = token;
    if (isIndex && /^where$/i.test(token)) context = "where";
    if (token === "(") {
      depth++;
      // in a table only these hold expressions; in an index everything behind the first parenthesis may
      if (expression === 0 && (isIndex || /^(?:check|as|default)$/i.test(previous)))
        [expression, context] = [depth, previous.toLowerCase()];
    } else if (token === ")") {
      if (depth === expression && !isIndex) expression = 0;
      depth--;
    } else if (token.startsWith("'") && token.includes("\r\n")) {
      if (expression > 0 || /^default$/i.test(previous)) return `(${token.replaceAll("\r\n", "'||char(13,10)||'")})`;
    } else if (expression > 0 && token.startsWith('"')) {
      const next = list.slice(at + 1).find((one) => !isBlank(one));
      const name = token.slice(1, -1).replaceAll('""', '"');
      const isQualified = previous === "." || next === "." || next === "(" || /^(?:collate|as)$/i.test(previous);
      const isRowid = hasRowid && /^(?:check|where)$/.test(context) && rowidNames.includes(foldAscii(name));
      if (!isQualified && !isRowid && !names.has(foldAscii(name))) {
        // a term of an index that is nothing but a string is taken for a name, also with COLLATE: sqlite3StringToId() in build.c
        const sign = isIndex && context !== "where" ? "+" : "";
        return `${sign}'${name.replaceAll("'", "''")}'`;
      }
    }
    return token;
  });
}
