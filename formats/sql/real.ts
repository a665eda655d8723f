/**
 * REAL as decimal text that SQLite 3.40 reads exactly, too.
 *
 * Its reader (sqlite3AtoF) divides or multiplies with 64 bits of mantissa, and rounds that to the 53 of a double: rounded twice, a
 * short decimal that lies almost halfway between two doubles comes out as the wrong one, 1 in 4,096 of all that are not exact
 * (0.431831777 is one). With 17 digits none lies there.
 */
import { utf8 } from "../kit/bytes.ts";
import type { Real } from "../format.ts";

/** REAL as a literal, from SQLite's own text for it. */
export function realLiteral({ text }: Real): string {
  const bytes = utf8(text);
  return safeReal(bytes, 0, bytes.indexOf(sign.dot), bytes.length) ?? text;
}

/** What to write for a REAL instead of SQLite's own text for it, of which a reader may take it for another one; null if that is safe. */
export function safeReal(bytes: Uint8Array, start: number, dot: number, end: number): string | null {
  if (isSafe(bytes, start, dot, end)) return null;
  return safeLiteral(Number(new TextDecoder().decode(bytes.subarray(start, end))));
}

/** A literal that every reader takes for this number. */
function safeLiteral(real: number): string {
  if (!Number.isFinite(real)) return real > 0 ? "9e999" : "-9e999";
  return real !== 0 && Math.abs(real) < 1e-280 ? quotient(real) : real.toPrecision(17);
}

const sign = { minus: 0x2d, dot: 0x2e, zero: 0x30, e: 0x65 };

function isSafe(bytes: Uint8Array, start: number, dot: number, end: number): boolean {
  // Three decimals are no further from the middle between two doubles than a 1,000th of the way, which 64 bits can tell.
  if (end <= dot + 4) return true; // nor does an exponent of SQLite's, as in 1.0e+20, take less than four bytes
  let at = bytes[start] === sign.minus ? start + 1 : start;
  const hasExponent = bytes[end - 4] === sign.e || bytes[end - 5] === sign.e;
  if (!hasExponent && end - at > maxDigits && bytes[at] !== sign.zero) return true;
  let digits = 0;
  for (; at < end && bytes[at] !== sign.e; at++) if (at !== dot) digits = digits * 10 + (bytes[at] ?? 0) - 0x30;
  let exponent = dot + 1 - at;
  if (at < end) {
    const isNegative = bytes[at + 1] === sign.minus;
    let power = 0;
    for (at += 2; at < end; at++) power = power * 10 + (bytes[at] ?? 0) - 0x30;
    // Below 1e-280 SQLite 3.40 reads decimal text inexactly, whatever its length; 999 is SQLite's infinity.
    if (isNegative ? power > 280 : power > 308) return false;
    exponent += isNegative ? -power : power;
  }
  return isSafeDecimal(digits, exponent);
}

/** With more digits than this no decimal is at risk. */
const maxDigits = 17;

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
