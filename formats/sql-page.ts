/** A page of rows as JSON arrays, made SQL: mostly the same bytes, in the same place. */
import { utf8 } from "./bytes.ts";
import { copy, json, nextOf, nextQuote, unescaped } from "./json-rows.ts";
import { safeReal } from "./sql-real.ts";

const apostrophe = 0x27;
const letterX = 0x58;
const nullLiteral = utf8("NULL");

/**
 * The page as literals, with commas between values and `separator` between rows; null where a text holds a control character other than
 * TAB and LF: a sqlite3 shell eats CR, and the others do not survive every reader. The page itself is used up.
 */
export function toLiterals(page: Uint8Array, separator: Uint8Array): Uint8Array | null {
  const end = page.length;
  let [at, to] = [1, 1]; // where the next byte is read, and written; behind the first `[`
  let [nextSign, nextEscape, nextApostrophe] = [0, 0, 0]; // looked for once, however many there are of the others
  let out = page; // as long as what is written is not longer than what was read
  while (at < end) {
    const byte = page[at];
    if (byte === json.quote) {
      at++;
      out[to++] = apostrophe;
      for (;;) {
        if (nextEscape < at) nextEscape = nextOf(page, json.backslash, at);
        if (nextApostrophe < at) nextApostrophe = nextOf(page, apostrophe, at);
        if (nextSign < at) nextSign = nextQuote(page, at);
        const stop = Math.min(nextSign, nextEscape, nextApostrophe);
        copy(page, at, stop, out, to);
        to += stop - at;
        at = stop + 1;
        const sign = page[stop];
        if (sign === json.quote) break;
        if (sign === apostrophe) {
          out = roomFor(2, page, at, out, to);
          out[to++] = apostrophe;
          out[to++] = apostrophe;
        } else {
          const { byte: meant, length } = unescaped(page, at);
          if (meant < 0x20 && meant !== 0x09 && meant !== 0x0a) return null;
          at += length;
          out[to++] = meant;
        }
      }
      out[to++] = apostrophe;
    } else if (byte === json.null) {
      at += 4;
      out.set(nullLiteral, to);
      to += 4;
    } else if (byte === json.open) {
      at += 2; // a BLOB: ["…"]
      const stop = page.indexOf(json.quote, at);
      out[to++] = letterX;
      out[to++] = apostrophe;
      copy(page, at, stop, out, to);
      to += stop - at;
      at = stop + 2;
      out[to++] = apostrophe;
    } else {
      let [stop, dot] = [at, 0];
      for (let sign = byte; sign !== json.comma && sign !== json.close; sign = page[++stop])
        if (sign === json.dot) dot = stop;
      const other = dot === 0 ? null : safeReal(page, at, dot, stop);
      if (other === null) {
        copy(page, at, stop, out, to);
        to += stop - at;
        at = stop;
      } else {
        at = stop;
        const bytes = utf8(other);
        out = roomFor(bytes.length, page, at, out, to);
        out.set(bytes, to);
        to += bytes.length;
      }
    }
    const isLast = page[at] === json.close;
    at++;
    if (!isLast) out[to++] = json.comma;
    else if (at < end) {
      at += 2; // `,[`
      out = roomFor(separator.length, page, at, out, to);
      out.set(separator, to);
      to += separator.length;
    }
  }
  return out.subarray(1, to);
}

/** Where some bytes fit, and all that is still to be read behind them: mostly where it was written until now. */
function roomFor(bytes: number, page: Uint8Array, at: number, out: Uint8Array, to: number): Uint8Array {
  const rest = page.length - at;
  if (out === page ? to + bytes <= at : to + bytes + rest <= out.length) return out;
  const larger = new Uint8Array((to + bytes + rest) * 2);
  larger.set(out.subarray(0, to));
  return larger;
}
