/** A page of rows as JSON arrays, made CSV in its own place: no field is longer than it was. */
import { utf8 } from "./bytes.ts";
import { copy, few, json, nextOf, nextQuote, unescaped } from "./json-rows.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const infinity = utf8("Infinity");
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/** The page as lines without the last line feed, with `blob` for the hex digits of each BLOB. The page itself is used up. */
export function toLines(page: Uint8Array, blob: (hexDigits: string) => string): Uint8Array {
  const end = page.length;
  let [at, to] = [1, 0]; // where the next byte is read, and written
  let nextEscape = 0;
  while (at < end) {
    const byte = page[at];
    if (byte === json.quote) {
      const start = ++at;
      if (nextEscape < at) nextEscape = nextOf(page, json.backslash, at);
      at = nextQuote(page, at);
      if (nextEscape < at) {
        at = stringEnd(page, nextEscape);
        to = putEscaped(page, start, at, to);
      } else {
        const isQuoted = start === at || nextComma(page, start, at) < at; // '' is not NULL
        if (isQuoted) page[to++] = json.quote;
        copy(page, start, at, page, to);
        to += at - start;
        if (isQuoted) page[to++] = json.quote;
      }
      at++;
    } else if (byte === json.null) at += 4;
    else if (byte === json.open) {
      const stop = page.indexOf(json.quote, at + 2); // ["…"]
      const bytes = utf8(blob(String.fromCharCode(...page.subarray(at + 2, stop))));
      page.set(bytes, to);
      to += bytes.length;
      at = stop + 2;
    } else {
      let [stop, exponent] = [at, 0];
      for (let sign = byte; sign !== json.comma && sign !== json.close; sign = page[++stop])
        if (sign === json.e) exponent = stop;
      if (exponent > 0 && beyond.every((one, index) => page[exponent + 1 + index] === one)) {
        if (byte === json.minus) page[to++] = byte;
        page.set(infinity, to);
        to += infinity.length;
      } else {
        copy(page, at, stop, page, to);
        to += stop - at;
      }
      at = stop;
    }
    const isLast = page[at] === json.close;
    at++;
    if (!isLast) page[to++] = json.comma;
    else if (at < end) {
      page[to++] = lineFeed;
      at += 2; // `,[`
    }
  }
  return page.subarray(0, to);
}

/** A text with escapes: quoted if a line break, a double quote or a comma is in it. Gives where the next byte is written. */
function putEscaped(page: Uint8Array, start: number, stop: number, from: number): number {
  let isQuoted = nextComma(page, start, stop) < stop;
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
    if (run === stop) break;
    const { byte, length } = unescaped(page, run + 1);
    at = run + 1 + length;
    page[to++] = byte;
    if (byte === json.quote) page[to++] = json.quote;
  }
  if (isQuoted) page[to++] = json.quote;
  return to;
}

/** Where a comma is next in a text, from its start; its end or anything behind if there is none. */
function nextComma(page: Uint8Array, start: number, stop: number): number {
  if (stop - start > few) return nextOf(page, json.comma, start);
  let at = start;
  while (at < stop && page[at] !== json.comma) at++;
  return at;
}

/** Where a string ends, from anywhere inside of it: at its closing quote. */
function stringEnd(page: Uint8Array, from: number): number {
  let at = from;
  while (page[at] !== json.quote) at += page[at] === json.backslash ? 2 : 1;
  return at;
}
