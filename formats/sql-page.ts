/** A page of rows as JSON arrays, made SQL: mostly the same bytes, in the same place. */
import { utf8 } from "./bytes.ts";
import { copy, json, nextOf, put, unescaped } from "./json-rows.ts";
import { safeReal } from "./sql-real.ts";

const apostrophe = 0x27;
const letterX = 0x58;
const nullLiteral = utf8("NULL");

/**
 * The page as literals, with commas between values and `separator` between rows; null where a text holds a control character other than
 * TAB and LF: a sqlite3 shell eats CR, and the others do not survive every reader. The page itself is used up.
 */
export function toLiterals(page: Uint8Array, separator: Uint8Array): Uint8Array | null {
  const { quote, comma, dot, open, backslash, close, n } = json;
  const end = page.length;
  let [at, to] = [1, 1]; // where the next byte is read, and written; behind the first `[`
  let [nextEscape, nextApostrophe] = [0, 0];
  let out = page; // as long as what is written is not longer than what was read
  while (at < end) {
    const byte = page[at];
    if (byte === quote) {
      at++;
      out[to++] = apostrophe;
      for (;;) {
        if (nextEscape < at) nextEscape = nextOf(page, backslash, at);
        if (nextApostrophe < at) nextApostrophe = nextOf(page, apostrophe, at);
        const most = nextEscape < nextApostrophe ? nextEscape : nextApostrophe;
        let stop = at;
        while (stop < most && page[stop] !== quote) stop++;
        if (to !== at || out !== page) copy(page, at, stop, out, to);
        to += stop - at;
        at = stop + 1;
        const sign = page[stop];
        if (sign === quote) break;
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
      let stop = at;
      let sign = byte;
      while (sign !== comma && sign !== dot && sign !== close) sign = page[++stop];
      const dotAt = stop;
      if (sign === dot) while (sign !== comma && sign !== close) sign = page[++stop];
      const other = dotAt === stop ? null : safeReal(page, at, dotAt, stop);
      if (other === null) {
        if (to !== at || out !== page) copy(page, at, stop, out, to);
        to += stop - at;
      } else {
        const bytes = utf8(other);
        out = roomFor(bytes.length, page, stop, out, to);
        to = put(bytes, out, to);
      }
      at = stop;
    }
    if (page[at++] === comma) out[to++] = comma;
    else if (at < end) {
      at += 2; // `,[`
      out = roomFor(separator.length, page, at, out, to);
      to = put(separator, out, to);
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
