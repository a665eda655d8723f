/** A page of which a few rows need the slow path, or are too large for it: they stand in it as a mark and their key, and are read one by one. */
import { chained, utf8 } from "../../formats/kit/bytes.ts";
import { MiB } from "../base/units.ts";
import type { KeyCell } from "../schema/key.ts";
import { keyOfLast, mark, markedKey } from "./page-key.ts";
import { finishFast, isBeyond, noRows, type FastPage, type Refused, type Rendered, type Rendering } from "./render.ts";

/** So few rows of a page are read alone, of so many bytes: each takes a statement of its own, some 0.04 ms. */
const mostOddRows = 32;

const mostOddBytes = 1 * MiB;

const lineFeed = 0x0a;

/** Puts a page together; `read` gives the one row of a key. It ends behind a row with which it has taken enough. */
export function withOddRows(
  page: FastPage,
  rendering: Rendering,
  read: (key: readonly KeyCell[]) => Rendered | Refused,
): Rendered | Refused {
  const { rows: encoder } = rendering;
  const { raw } = page;
  const separator = utf8(encoder.separator);
  const bytes: Iterable<Uint8Array>[] = [];
  let { size, rows, lossy } = noRows;
  let [odd, oddSize] = [0, 0];
  const add = (one: Rendered) => {
    if (bytes.length > 0) bytes.push([separator]);
    bytes.push(one.bytes);
    size += one.size + (bytes.length > 1 ? separator.length : 0);
    rows += one.rows;
    lossy += one.lossy;
  };
  const done = (last: readonly KeyCell[], isCut: boolean): Rendered | Refused =>
    isBeyond(encoder, size)
      ? "too big"
      : { ...noRows, bytes: chained(bytes), size, rows, last, first: page.first, lossy, isCut };
  let before: readonly KeyCell[] | null = null;
  for (let from = 0; from < raw.length;) {
    const marked = raw.indexOf(mark, from);
    const stop = marked === -1 ? raw.length : marked - 1; // behind the separator
    if (stop > from) {
      const lines = raw.subarray(from, stop);
      before = keyOfLast(page.key, page.fast, lines); // first, as it is used up
      const plain = finishFast({ ...page, raw: lines, count: linesOf(lines) }, rendering);
      if (typeof plain === "string") return plain;
      add(plain);
    }
    if (marked === -1) break;
    const end = raw.indexOf(lineFeed, marked);
    from = end === -1 ? raw.length : end + 1;
    const key = markedKey(raw.subarray(marked + 1, end === -1 ? raw.length : end));
    if (key === null) return "needs the slow path";
    const one = read(key);
    if (typeof one === "string") return one;
    if (one.rows !== 1) return "needs the slow path"; // no key may cost a row
    // a row that its format puts in another way stands alone
    if (one.isWhole && rows === 0) return { ...one, first: page.first, last: key, isCut: true };
    if (one.isWhole) {
      const last = before ?? (page.key.kind === "rowid" ? inFront(key) : null);
      return last === null ? "too big" : done(last, true);
    }
    add(one);
    before = key;
    oddSize += one.size;
    if (++odd < mostOddRows && oddSize < mostOddBytes) continue;
    return done(key, rows < page.count);
  }
  return done(page.last, false);
}

/** The place in front of a rowid. Where rowids are not part of the rows they go on by one; should they not, it is seen. */
function inFront([cell]: readonly KeyCell[]): readonly KeyCell[] | null {
  return cell?.[0] === "i" ? [["i", String(BigInt(cell[1]) - 1n)]] : null;
}

function linesOf(bytes: Uint8Array): number {
  let lines = 1;
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  return lines;
}
