/** A page of rows as JSON arrays, made CSV in its own place: no field is longer than it was. */
import { utf8 } from "./bytes.ts";
import { copyText, fourOf, json, put, unescaped, viewOf } from "./json-rows.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const [commas, quotes] = [fourOf(json.comma), fourOf(json.quote)];
const infinity = utf8("Infinity");
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/** The page as lines without the last line feed, with `blob` for the hex digits of each BLOB. The page itself is used up. */
export function toLines(page: Uint8Array, blob: (hexDigits: string) => string): Uint8Array {
  const { quote, comma, minus, open, backslash, close, e, n } = json;
  const end = page.length;
  let [at, to] = [1, 0]; // where the next byte is read, and written
  const words = viewOf(page);
  while (at < end) {
    const byte = page[at] ?? close;
    if (byte === quote) {
      at++;
      const start = to;
      let isQuoted = page[at] === quote; // '' is not NULL
      if (isQuoted) page[to++] = quote;
      for (;;) {
        const stop = copyText(words, at, words, to, isQuoted ? quotes : commas);
        to += stop - at;
        at = stop + 1;
        let meant = page[stop] ?? quote;
        if (meant === quote) break;
        if (meant === backslash) {
          const escape = unescaped(page, at);
          meant = escape.byte;
          at += escape.length;
        }
        if (!isQuoted && (meant === comma || meant === quote || meant === lineFeed || meant === carriageReturn)) {
          isQuoted = true;
          page.copyWithin(start + 1, start, to++);
          page[start] = quote;
        }
        page[to++] = meant;
        if (meant === quote) page[to++] = quote;
      }
      if (isQuoted) page[to++] = quote;
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
    if (page[at++] === comma) page[to++] = comma;
    else if (at < end) {
      page[to++] = lineFeed;
      at += 2; // `,[`
    }
  }
  return page.subarray(0, to);
}
