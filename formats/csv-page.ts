/** A page of rows as JSON arrays, made CSV in its own place: no field is longer than it was. */
import { utf8 } from "./bytes.ts";
import { copyText, fourOf, json, put, unescaped, viewOf } from "./json-rows.ts";

const lineFeed = 0x0a;
const quotes = fourOf(json.quote);
const infinity = utf8("Infinity");
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/**
 * The page as lines without the last line feed, with `blob` for the hex digits of each BLOB; `reals` tells which columns are given as
 * REALs that are text. The page itself is used up.
 */
export function toLines(page: Uint8Array, reals: readonly boolean[], blob: (hexDigits: string) => string): Uint8Array {
  const { quote, comma, minus, open, close, e, n } = json;
  const end = page.length;
  let [at, to, column] = [1, 0, 0]; // where the next byte is read, and written, and what for
  const words = viewOf(page);
  while (at < end) {
    const byte = page[at] ?? close;
    if (byte === quote && reals[column] === true) {
      for (let digit = page[++at] ?? quote; digit !== quote; digit = page[++at] ?? quote) page[to++] = digit;
      at++;
    } else if (byte === quote) {
      at++;
      page[to++] = quote;
      for (;;) {
        const stop = copyText(words, at, words, to, quotes);
        to += stop - at;
        at = stop + 1;
        if (page[stop] === quote) break;
        const escape = unescaped(page, at);
        at += escape.length;
        page[to++] = escape.byte;
        if (escape.byte === quote) page[to++] = quote;
      }
      page[to++] = quote;
    } else if (byte === n) at += 4;
    else if (byte === open) {
      const stop = page.indexOf(quote, at + 2); // ["…"]
      const bytes = utf8(blob(String.fromCharCode(...page.subarray(at + 2, stop))));
      page.set(bytes, to);
      to += bytes.length;
      at = stop + 2;
    } else {
      const start = to;
      let exponent = 0;
      for (let sign = byte; sign !== comma && sign !== close; sign = page[++at] ?? close) {
        page[to++] = sign;
        if (sign === e) exponent = to;
      }
      if (to === exponent + beyond.length && beyond.every((one, index) => page[exponent + index] === one))
        to = put(infinity, page, byte === minus ? start + 1 : start);
    }
    column++;
    if (page[at++] === comma) page[to++] = comma;
    else if (at < end) {
      page[to++] = lineFeed;
      at += 2; // `,[`
      column = 0;
    }
  }
  return page.subarray(0, to);
}
