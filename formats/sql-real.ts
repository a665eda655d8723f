/**
 * REAL as decimal text that SQLite 3.40 reads exactly, too.
 *
 * Its reader (sqlite3AtoF) divides or multiplies with 64 bits of mantissa, and rounds that to the 53 of a double: rounded twice, a
 * short decimal that lies almost halfway between two doubles comes out as the wrong one, 1 in 4,096 of all that are not exact
 * (0.431831777 is one). With 17 digits none lies there.
 */
import { concatBytes, utf8 } from "./bytes.ts";
import type { Real } from "./format.ts";
import { look } from "./scan.ts";

/** REAL as a literal, from SQLite's own text for it. */
export function realLiteral({ text }: Real): string {
  const bytes = utf8(text);
  const mended = mendReals(bytes, look(bytes).dots);
  return mended === bytes ? text : new TextDecoder().decode(mended);
}

/**
 * A page of rows with every REAL that is at risk put otherwise; the same page if there is none. What looks like a REAL inside of a text
 * is left alone. `dots` are the positions of all dots: SQLite writes no REAL without.
 */
export function mendReals(page: Uint8Array, dots: readonly number[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let done = 0;
  let text: { at: number; isInside: boolean } = { at: 0, isInside: false };
  for (const dot of dots) {
    const found = riskyAround(page, dot);
    if (found === null) continue;
    text = followQuotes(page, text, dot);
    if (text.isInside) continue;
    const real = new TextDecoder().decode(page.subarray(found.start, found.end));
    pieces.push(page.subarray(done, found.start), utf8(safeLiteral(Number(real))));
    done = found.end;
  }
  return done === 0 ? page : concatBytes([...pieces, page.subarray(done)]);
}

/** A literal that every reader takes for this number. */
function safeLiteral(real: number): string {
  if (!Number.isFinite(real)) return real > 0 ? "9e999" : "-9e999";
  return real !== 0 && Math.abs(real) < 1e-280 ? quotient(real) : real.toPrecision(17);
}

const sign = { quote: 0x27, open: 0x28, close: 0x29, comma: 0x2c, plus: 0x2b, minus: 0x2d, dot: 0x2e, e: 0x65 };
const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Whether a position is inside of a string, counted on from an earlier one. */
function followQuotes(page: Uint8Array, from: { at: number; isInside: boolean }, to: number) {
  let { isInside } = from;
  for (let at = from.at; at < to; at++) if (page[at] === sign.quote) isInside = !isInside;
  return { at: to, isInside };
}

/** Where the number around a dot begins and ends, if a reader may take it for another one; null if there is none, or it is safe. */
function riskyAround(page: Uint8Array, dot: number): { start: number; end: number } | null {
  if (!isDigit(page[dot + 1]) || !isDigit(page[dot - 1])) return null;
  let end = dot + 2;
  while (isDigit(page[end])) end++;
  // Three decimals are no further from the middle between two doubles than a 1,000th of the way, which 64 bits can tell.
  if (page[end] !== sign.e && (end <= dot + 4 || !isEnd(page[end]))) return null;
  let start = dot - 1;
  while (isDigit(page[start - 1])) start--;
  let digits = 0;
  for (let at = start; at < end; at++) if (at !== dot) digits = digits * 10 + (page[at] ?? 0) - 0x30;
  let exponent = dot + 1 - end;
  let power = 0;
  if (page[end] === sign.e) {
    const isNegative = page[end + 1] === sign.minus;
    for (end += 2; isDigit(page[end]); end++) power = power * 10 + (page[end] ?? 0) - 0x30;
    if (isNegative) power = -power;
    exponent += power;
  }
  if (page[start - 1] === sign.minus) start--;
  if (!isEnd(page[end]) || !isBeginning(page[start - 1])) return null;
  // Below 1e-280 SQLite 3.40 reads decimal text inexactly, whatever its length; 999 is SQLite's infinity.
  const isExtreme = power < -280 || power > 308;
  return isExtreme || !isSafeDecimal(digits, exponent) ? { start, end } : null;
}

const isEnd = (byte: number | undefined) => byte === undefined || byte === sign.comma || byte === sign.close;
const isBeginning = (byte: number | undefined) => byte === undefined || byte === sign.comma || byte === sign.open;

/** From 17 digits on, or 15 and a zero behind the dot (`digits` is rounded then, which does no harm). */
const tooLong = 1e16;

/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** How near to the middle between two doubles is too near, as a share of the way there: 2^-11 of it are at risk. */
const atRisk = 0.998;

/** True if digits × 10^exponent is read as the double next to it by every reader. */
function isSafeDecimal(digits: number, exponent: number): boolean {
  const power = powers[Math.abs(exponent)];
  if (digits >= tooLong) return true;
  if (power === undefined || digits > Number.MAX_SAFE_INTEGER) return false;
  if (exponent >= 0) {
    const product = digits * power;
    return Math.abs(productError(digits, power, product)) <= halfUlp(product) * atRisk;
  }
  const quotientOf = digits / power; // correctly rounded: both are exact
  const product = quotientOf * power;
  const rest = digits - product - productError(quotientOf, power, product);
  return Math.abs(rest) <= halfUlp(quotientOf) * power * atRisk;
}

/** What a product lost to rounding (Dekker: https://doi.org/10.1007/BF01397083). */
function productError(a: number, b: number, product: number): number {
  const [c, d] = [134217729 * a, 134217729 * b];
  const [a1, b1] = [c - (c - a), d - (d - b)];
  const [a2, b2] = [a - a1, b - b1];
  return a2 * b2 - (product - a1 * b1 - a2 * b1 - a1 * b2);
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const exponentWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Half of the distance to the next double: two to the power of the exponent, less 53. */
function halfUlp(x: number): number {
  float[0] = x;
  words[exponentWord] = (words[exponentWord] ?? 0) & 0x7ff00000;
  words[1 - exponentWord] = 0;
  return (float[0] ?? 0) * 2 ** -53;
}

const mantissa = 2n ** 52n;

/**
 * A tiny number as m/2^62/2^62…: m is an INTEGER and each step divides by a power of two, so every one of them is exact.
 * Bits: https://en.wikipedia.org/wiki/Double-precision_floating-point_format
 */
function quotient(real: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(real));
  const all = view.getBigUint64(0);
  const exponent = Number(all >> 52n);
  let digits = (all & (mantissa - 1n)) + (exponent === 0 ? 0n : mantissa);
  let power = 1075 - Math.max(exponent, 1); // real = digits / 2^power
  for (; digits % 2n === 0n; digits /= 2n) power--;
  const steps = "/4611686018427387904".repeat(Math.floor(power / 62));
  return `(${real < 0 ? "-" : ""}1.0*${digits}${steps}/${2n ** BigInt(power % 62)})`;
}
