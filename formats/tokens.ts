/** SQL text in pieces: https://sqlite.org/lang.html. */

/** Strings, quoted names, comments (the last one may be open), words, what SQLite takes for white space, and any other sign. */
const pattern =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\w$\u0080-\uffff]+|[ \t\n\f\r]+|[\s\S]/g;

/** All pieces of a text; joined they are the text again. */
export function tokensOf(sql: string): readonly string[] {
  return sql.match(pattern) ?? [];
}

/** True for white space and comments. */
export function isBlank(token: string): boolean {
  return /^(?:[ \t\n\f\r]|--|\/\*)/.test(token);
}

/** True if a definition has this word, outside of strings, quoted names and comments. */
export function hasWord(sql: string, word: string): boolean {
  return sql.toLowerCase().includes(word) && tokensOf(sql).some((token) => token.toLowerCase() === word);
}
