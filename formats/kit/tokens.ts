/** SQL text in pieces: https://sqlite.org/lang.html. */
import { foldAscii } from "./expression.ts";

/** Strings, quoted names, comments (the last one may be open), words, what SQLite takes for white space, and any other sign. */
const pattern =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\w$\u0080-\uffff]+|[ \t\n\f\r]+|[\s\S]/g;

/** All pieces of a text; joined they are the text again. */
export function tokensOf(sql: string): readonly string[] {
  return sql.match(pattern) ?? [];
}

/** The pieces that mean something: no white space, no comments. */
export function codeOf(sql: string): readonly string[] {
  return tokensOf(sql).filter((token) => !isBlank(token));
}

/** A piece without the quotes that SQLite lets a name have. */
export function unquoted(token: string): string {
  const quote = /^["'`[]/.exec(token)?.[0];
  if (quote === undefined) return token;
  const inner = token.slice(1, -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

/** A name without its quotes, ASCII case folded. */
export function nameOf(token: string): string {
  return foldAscii(unquoted(token));
}

/** An unquoted word, ASCII case folded; a sign as it is; nothing for what is quoted. */
export function wordOf(token: string): string {
  return /^["'`[]/.test(token) ? "" : foldAscii(token);
}

/** True for white space and comments. */
export function isBlank(token: string): boolean {
  return /^(?:[ \t\n\f\r]|--|\/\*)/.test(token);
}

/** True if a definition has this word, outside of strings, quoted names and comments. */
export function hasWord(sql: string, word: string): boolean {
  return sql.toLowerCase().includes(word) && tokensOf(sql).some((token) => token.toLowerCase() === word);
}
