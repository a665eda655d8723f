/** A page of rows as JSON arrays, made CSV in its own place: no field is longer than it was. */
import { utf8 } from "./bytes.ts";
import { copy, json, nextOf, put, unescaped } from "./json-rows.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const infinity = utf8("Infinity");
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/** The page as lines without the last line feed, with `blob` for the hex digits of each BLOB. The page itself is used up. */
export function toLines(page: Uint8Array, blob: (hexDigits: string) => string): Uint8Array {
  const { quote, comma, minus, open, backslash, close, e, n } = json;
  const end = page.length;
  let [at, to] = [1, 0]; // where the next byte is read, and written
  let nextEscape = 0;
  while (at < end) {
    const byte = page[at];
    if (byte === quote) {
      const start = ++at;
      if (nextEscape < at) nextEscape = nextOf(page, backslash, at);
      let isQuoted = page[at] === quote; // '' is not NULL
      for (let sign = page[at]; sign !== quote && at < nextEscape; sign = page[++at])
        if (sign === comma) isQuoted = true;
      if (at === nextEscape) {
        at = stringEnd(page, at);
        to = putEscaped(page, start, at, to);
      } else {
        if (isQuoted) page[to++] = quote;
        copy(page, start, at, page, to);
        to += at - start;
        if (isQuoted) page[to++] = quote;
      }
      at++;
    } else if (byte === n) at += 4;
    else if (byte === open) {
      const stop = page.indexOf(quote, at + 2); // ["…"]
      const bytes = utf8(blob(String.fromCharCode(...page.subarray(at + 2, stop))));
      page.set(bytes, to);
      to += bytes.length;
      at = stop + 2;
    } else {
      let stop = at;
      let exponent = 0;
      for (let sign = byte; sign !== comma && sign !== close; sign = page[++stop]) if (sign === e) exponent = stop;
      if (exponent > 0 && beyond.every((one, index) => page[exponent + 1 + index] === one)) {
        if (byte === minus) page[to++] = byte;
        to = put(infinity, page, to);
      } else {
        copy(page, at, stop, page, to);
        to += stop - at;
      }
      at = stop;
    }
    if (page[at++] === comma) page[to++] = comma;
    else if (at < end) {
      page[to++] = lineFeed;
      at += 2; // `,[`
    }
  }
  return page.subarray(0, to);
}

/** A text with escapes: quoted if a line break, a double quote or a comma is in it. Gives where the next byte is written. */
function putEscaped(page: Uint8Array, start: number, stop: number, from: number): number {
  let isQuoted = nextOf(page, json.comma, start) < stop;
  for (let at = nextOf(page, json.backslash, start); at < stop && !isQuoted;) {
    const { byte, length } = unescaped(page, at + 1);
    isQuoted = byte === json.quote || byte === lineFeed || byte === carriageReturn;
    at = nextOf(page, json.backslash, at + 1 + length);
  }
  let to = from;
  if (isQuoted) page[to++] = json.quote;
  for (let at = start; at < stop;) {
    const run = Math.min(stop, nextOf(page, json.backslash, at));
    copy(page, at, run, page, to);
    to += run - at;
    at = run;
    if (run < stop) {
      const { byte, length } = unescaped(page, run + 1);
      at += 1 + length;
      page[to++] = byte;
      if (byte === json.quote) page[to++] = json.quote;
    }
  }
  if (isQuoted) page[to++] = json.quote;
  return to;
}

/** Where a string ends, from anywhere inside of it: at its closing quote. */
function stringEnd(page: Uint8Array, from: number): number {
  let at = from;
  while (page[at] !== json.quote) at += page[at] === json.backslash ? 2 : 1;
  return at;
}
