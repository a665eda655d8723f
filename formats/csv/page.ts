/** A page of rows as JSON arrays, made CSV in its own place, as long as no field is longer than it was; else with room in front of it. */
import { utf8 } from "../kit/bytes.ts";
import { copyText, fourOf, json, put, unescaped, viewOf } from "../kit/json-rows.ts";

const lineFeed = 0x0a;
const quotes = fourOf(json.quote);
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/** How a page is to be written. */
export interface Notation {
  /** Which columns are given as REALs that are text. */
  readonly reals: readonly boolean[];
  /** For the hex digits of a BLOB. */
  blob(hexDigits: string): string;
  /** For NULL; up to `longestNull`. */
  readonly nulls: Uint8Array;
  /** For infinity; no longer than SQLite's, `9.0e+999`. */
  readonly infinity: Uint8Array;
  /** True if a field may be longer than it was: a marker of NULL than `null`, a BLOB than its hex digits in brackets and quotes. */
  readonly isRoomy: boolean;
}

/** Bytes of a NULL at most: with the comma behind it no more than twice those of `null`. */
export const longestNull = 8;

/** The page as lines without the last line feed. The page itself is used up. */
export function toLines(plain: Uint8Array, notation: Notation): Uint8Array {
  const { quote, comma, minus, open, close, e, n } = json;
  const { reals, nulls, infinity, isRoomy } = notation;
  const hasNulls = nulls.length > 0;
  // where each field may be twice as long, what is written never comes to what is still to be read
  const page = isRoomy ? new Uint8Array(plain.length * 2) : plain;
  if (isRoomy) page.set(plain, plain.length);
  const end = page.length;
  let [at, to, column] = [end - plain.length + 1, 0, 0]; // where the next byte is read, and written, and what for
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
    } else if (byte === n) {
      at += 4;
      if (hasNulls) to = put(nulls, page, to);
    } else if (byte === open && page[at + 1] !== quote) {
      page[to++] = quote; // [1]
      for (let digit = page[++at] ?? close; digit !== close; digit = page[++at] ?? close) page[to++] = digit;
      page[to++] = quote;
      at++;
    } else if (byte === open) {
      const stop = page.indexOf(quote, at + 2); // ["…"]
      const bytes = utf8(notation.blob(String.fromCharCode(...page.subarray(at + 2, stop))));
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
