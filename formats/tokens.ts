/** SQL text in pieces: https://sqlite.org/lang.html. */

/** Strings, quoted names, comments (the last one may be open), words, white space, and any other sign. */
const pattern =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\w$\u0080-\uffff]+|\s+|[\s\S]/g;

/** All pieces of a text; joined they are the text again. */
export function tokensOf(sql: string): readonly string[] {
  return sql.match(pattern) ?? [];
}

/** True for white space and comments. */
export function isBlank(token: string): boolean {
  return /^(?:\s|--|\/\*)/.test(token);
}

/** True if a definition has this word, outside of strings, quoted names and comments. */
export function hasWord(sql: string, word: string): boolean {
  return tokensOf(sql).some((token) => token.toLowerCase() === word);
}
