/** A sign that would end a text, written twice: what SQL does with `'`, and CSV with `"`. */
import { utf8 } from "./bytes.ts";
import type { TextOrBytes } from "../format.ts";

/**
 * Characters from which on a text is changed as bytes: of one of 48 KiB that is full of quotes, `replaceAll` makes a rope of 1 MiB, for a
 * string as for a regular expression, and 20 MiB of them were seen at a time (`npm run bench:memory -- --only quotes`).
 */
const longText = 1024;

/** A text with each `sign` twice. */
export function doubleQuotes(text: string, sign: "'" | '"'): TextOrBytes {
  if (!text.includes(sign)) return text;
  return text.length < longText ? text.replaceAll(sign, sign + sign) : doubleQuoteBytes(utf8(text), sign);
}

/** The same of UTF-8. */
export function doubleQuoteBytes(bytes: Uint8Array, sign: "'" | '"'): Uint8Array {
  const code = sign.charCodeAt(0);
  let count = 0;
  for (const byte of bytes) if (byte === code) count++;
  const all = new Uint8Array(bytes.length + count);
  let to = 0;
  for (const byte of bytes) {
    all[to++] = byte;
    if (byte === code) all[to++] = code;
  }
  return all;
}

/** UTF-8 of a text, with another character of ASCII for each CR. */
export function withoutReturns(text: string, stand: number): Uint8Array {
  const bytes = utf8(text);
  for (let at = bytes.indexOf(carriageReturn); at !== -1; at = bytes.indexOf(carriageReturn, at + 1)) bytes[at] = stand;
  return bytes;
}

const carriageReturn = 0x0d;
