/** A page of rows as JSON arrays, made CSV in its own place: no field is longer than it was. */
import { utf8 } from "./bytes.ts";
import { json, unescaped } from "./json-rows.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const infinity = utf8("Infinity");
/** SQLite's infinity, `9.0e+999`, behind its `e`. */
const beyond = utf8("+999");

/** The page as lines without the last line feed, with `blob` for the hex digits of each BLOB. The page itself is used up. */
export function toLines(page: Uint8Array, blob: (hexDigits: string) => string): Uint8Array {
  const end = page.length;
  let [at, to] = [1, 0]; // where the next byte is read, and written
  while (at < end) {
    const byte = page[at];
    if (byte === json.quote) {
      const start = ++at;
      let [hasComma, hasEscape] = [false, false];
      for (let sign = page[at]; sign !== json.quote; sign = page[++at]) {
        if (sign === json.comma) hasComma = true;
        else if (sign === json.backslash) [hasEscape, at] = [true, at + 1];
      }
      if (hasEscape) to = putEscaped(page, start, at, to, hasComma);
      else {
        const isQuoted = hasComma || start === at; // '' is not NULL
        if (isQuoted) page[to++] = json.quote;
        for (let read = start; read < at;) page[to++] = page[read++] ?? 0;
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
      const start = to;
      for (let sign = byte; sign !== json.comma && sign !== json.close; sign = page[++at]) {
        page[to++] = sign ?? 0;
        if (sign === json.e && beyond.every((one, index) => page[at + 1 + index] === one)) {
          to = start + (page[start] === json.minus ? 1 : 0);
          page.set(infinity, to);
          to += infinity.length;
          at += beyond.length;
        }
      }
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

/** A text with escapes: quoted if a line break or a double quote is in it, or a comma. Gives where the next byte is written. */
function putEscaped(page: Uint8Array, start: number, stop: number, from: number, hasComma: boolean): number {
  let isQuoted = hasComma;
  for (let at = page.indexOf(json.backslash, start); at !== -1 && at < stop && !isQuoted;) {
    const { byte, length } = unescaped(page, at + 1);
    isQuoted = byte === json.quote || byte === lineFeed || byte === carriageReturn;
    at = page.indexOf(json.backslash, at + 1 + length);
  }
  let to = from;
  if (isQuoted) page[to++] = json.quote;
  for (let at = start; at < stop;) {
    const sign = page[at++] ?? 0;
    if (sign !== json.backslash) page[to++] = sign;
    else {
      const { byte, length } = unescaped(page, at);
      at += length;
      page[to++] = byte;
      if (byte === json.quote) page[to++] = json.quote;
    }
  }
  if (isQuoted) page[to++] = json.quote;
  return to;
}
