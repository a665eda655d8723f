/** A page of rows as JSON arrays, made SQL: mostly the same bytes, in the same place. */
import { utf8 } from "../kit/bytes.ts";
import { copy, copyText, fourOf, json, put, unescaped, viewOf } from "../kit/json-rows.ts";
import { replaceEnd, replaceStart, unusedControlCharacter } from "./literal.ts";
import { safeReal } from "./real.ts";

const apostrophe = 0x27;
const apostrophes = fourOf(apostrophe);
const [lineFeed, carriageReturn] = [0x0a, 0x0d];
const replaceOpen = utf8(replaceStart);
const letterX = 0x58;
const nullLiteral = utf8("NULL");

/**
 * The page as literals, with commas between values and `separator` between rows; null where a text holds a NUL, or CR LF and every other
 * control character. The page itself is used up.
 */
export function toLiterals(page: Uint8Array, separator: Uint8Array): Uint8Array | null {
  const { quote, comma, dot, open, close, n } = json;
  const end = page.length;
  let [at, to] = [1, 1]; // where the next byte is read, and written; behind the first `[`
  let out = page; // as long as what is written is not longer than what was read
  const words = viewOf(page);
  let outWords = words;
  while (at < end) {
    const byte = page[at] ?? close;
    if (byte === quote) {
      at++;
      const start = to;
      let controls = 0; // a bit for each that the text holds
      let hasCrLf = false;
      out[to++] = apostrophe;
      for (;;) {
        const stop = copyText(words, at, outWords, to, apostrophes);
        to += stop - at;
        at = stop + 1;
        const sign = page[stop];
        if (sign === quote) break;
        if (sign === apostrophe) {
          if (!hasRoom(2, page, at, out, to)) [out, outWords] = larger(2, page, at, out, to);
          out[to++] = apostrophe;
          out[to++] = apostrophe;
        } else {
          const { byte: meant, length } = unescaped(page, at);
          if (meant < 0x20) {
            if (meant === 0) return null;
            controls |= 1 << meant;
            if (meant === lineFeed && out[to - 1] === carriageReturn) hasCrLf = true;
          }
          at += length;
          out[to++] = meant;
        }
      }
      out[to++] = apostrophe;
      if (hasCrLf) {
        const stand = unusedControlCharacter(controls);
        if (stand === null) return null;
        const tail = utf8(replaceEnd(stand));
        const more = replaceOpen.length + tail.length;
        if (!hasRoom(more, page, at, out, to)) [out, outWords] = larger(more, page, at, out, to);
        for (let cr = start; cr < to; cr++) if (out[cr] === carriageReturn) out[cr] = stand;
        out.copyWithin(start + replaceOpen.length, start, to);
        put(replaceOpen, out, start);
        to = put(tail, out, to + replaceOpen.length);
      }
    } else if (byte === n) {
      at += 4;
      to = put(nullLiteral, out, to);
    } else if (byte === open) {
      at += 2; // a BLOB: ["…"]
      const stop = page.indexOf(quote, at);
      out[to++] = letterX;
      out[to++] = apostrophe;
      copy(page, at, stop, out, to);
      to += stop - at;
      at = stop + 2;
      out[to++] = apostrophe;
    } else {
      const start = to;
      let sign = byte;
      for (; sign !== comma && sign !== dot && sign !== close; sign = page[++at] ?? close) out[to++] = sign;
      if (sign === dot) {
        const dotAt = to;
        for (; sign !== comma && sign !== close; sign = page[++at] ?? close) out[to++] = sign;
        const other = safeReal(out, start, dotAt, to);
        if (other !== null) {
          const bytes = utf8(other);
          to = start;
          if (!hasRoom(bytes.length, page, at, out, to)) [out, outWords] = larger(bytes.length, page, at, out, to);
          to = put(bytes, out, to);
        }
      }
    }
    if (page[at++] === comma) out[to++] = comma;
    else if (at < end) {
      at += 2; // what stands between two rows, and `[`
      if (!hasRoom(separator.length, page, at, out, to)) [out, outWords] = larger(separator.length, page, at, out, to);
      to = put(separator, out, to);
    }
  }
  return out.subarray(1, to);
}

/** True where some bytes fit, and all that is still to be read behind them. */
function hasRoom(bytes: number, page: Uint8Array, at: number, out: Uint8Array, to: number): boolean {
  return out === page ? to + bytes <= at : to + bytes + page.length - at <= out.length;
}

/** What was written, in a place of its own with room for some bytes and all that is still to be read. */
function larger(bytes: number, page: Uint8Array, at: number, out: Uint8Array, to: number): [Uint8Array, DataView] {
  const place = new Uint8Array((to + bytes + page.length - at) * 2);
  place.set(out.subarray(0, to));
  return [place, viewOf(place)];
}
