/**
 * Texts of a CSV file that no spreadsheet takes for a formula, whatever it takes for the end of a field.
 *
 * A `'` stands in front of each sign that begins a formula (https://owasp.org/www-community/attacks/CSV_Injection, CWE-1236) unless a letter or a digit stands
 * there: a spreadsheet is told the separators by its user, so whatever is neither may end a field, also in quotes, and a line feed does.
 * It can be undone: every such sign behind a `'` has one too many.
 */
import { json, unescaped } from "../kit/json-rows.ts";

/** What begins a formula, also in full width and small form, which some spreadsheets take for the same. */
const signs = "[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B]";
const suspect = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}])${signs}`, "gu");
const word = /[\p{L}\p{N}\p{M}]/u;
/** White space that is passed over in front of a formula; where it begins a text, a `'` stands in front of it, too. */
const blankFirst = /^'*[\t\r\n]/;

/** A piece of a text, with what stands in front of it: a character at least, or nothing if it is the beginning. */
export function guarded(piece: string, before: string): string {
  const begin = before === "" && blankFirst.test(piece) ? "'" : "";
  const all = (before + piece).replace(suspect, (sign, at: number) => (at < before.length ? sign : `'${sign}`));
  return begin + all.slice(before.length);
}

/** The same for bytes that are no UTF-8: what is no ASCII is no letter. */
export function guardedBytes(bytes: Uint8Array): Uint8Array {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const begin = blankFirst.test(text) ? "'" : "";
  const all = begin + text.replace(suspectBytes, "'$&");
  return Uint8Array.from(all, (sign) => sign.charCodeAt(0));
}

const suspectBytes = /(?<![0-9A-Za-z])(?:[=+\-@]|\xef\xbc[\x9d\x8b\x8d\xa0]|\xef\xb9[\xa6\xa2\xa3\xab])/g;

/** What a byte of a text is. */
const kind = { other: 0, word: 1, sign: 2, blank: 3, apostrophe: 4, wide: 5, high: 6, quote: 7, backslash: 8 } as const;
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  const sign = String.fromCharCode(byte);
  if (byte === 0xef) return kind.wide;
  if (byte >= 0x80) return kind.high;
  if (/[0-9A-Za-z]/.test(sign)) return kind.word;
  if (/[=+\-@]/.test(sign)) return kind.sign;
  if (/[\t\r\n]/.test(sign)) return kind.blank;
  if (sign === "'") return kind.apostrophe;
  if (sign === '"') return kind.quote;
  return sign === "\\" ? kind.backslash : kind.other;
});

/** A page of rows as JSON arrays, valid UTF-8, with its texts guarded; the page itself where nothing is to be changed. */
export function guardedPage(page: Uint8Array): Uint8Array {
  const { other, word: letter, sign, blank, apostrophe, wide, high, quote, backslash } = kind;
  const places: number[] = [];
  for (let at = page.indexOf(json.quote); at !== -1; at = page.indexOf(json.quote, at + 1)) {
    let isFirst = true; // there was nothing but apostrophes
    let last: number = other;
    for (at++; ; at++) {
      const place = at;
      let found = kinds[page[at] ?? 0] ?? 0;
      if (found === quote) break;
      if (found === backslash) {
        const escape = unescaped(page, at + 1);
        found = kinds[escape.byte] ?? 0;
        if (found >= quote) found = other; // not the end of the text
        at += escape.length;
      } else if (found === wide && isWideSign(page, at)) {
        found = sign;
        at += 2;
      }
      if (
        found === sign ? last !== letter && !(last === high && isWordBefore(page, place)) : found === blank && isFirst
      )
        places.push(place);
      if (found !== apostrophe) isFirst = false;
      last = found === wide ? high : found;
    }
  }
  return places.length === 0 ? page : withApostrophes(page, places);
}

function isWideSign(page: Uint8Array, at: number): boolean {
  const [second, third] = [page[at + 1], page[at + 2] ?? 0];
  return (second === 0xbc && wideSigns.has(third)) || (second === 0xb9 && smallSigns.has(third));
}

/** The last bytes of U+FF1D, U+FF0B, U+FF0D and U+FF20, and of U+FE66, U+FE62, U+FE63 and U+FE6B. */
const wideSigns = new Set([0x9d, 0x8b, 0x8d, 0xa0]);
const smallSigns = new Set([0xa6, 0xa2, 0xa3, 0xab]);

/** True if the character of several bytes that ends in front of this place is a letter, a digit or a mark. */
function isWordBefore(page: Uint8Array, place: number): boolean {
  let start = place - 1;
  while (((page[start] ?? 0) & 0xc0) === 0x80) start--;
  return word.test(decoder.decode(page.subarray(start, place)));
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const guardSign = "'".charCodeAt(0);

function withApostrophes(page: Uint8Array, places: readonly number[]): Uint8Array {
  const all = new Uint8Array(page.length + places.length);
  let [from, to] = [0, 0];
  for (const place of places) {
    all.set(page.subarray(from, place), to);
    to += place - from;
    all[to++] = guardSign;
    from = place;
  }
  all.set(page.subarray(from), to);
  return all;
}
