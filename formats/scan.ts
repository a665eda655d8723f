/** Native or near-native looks over a rendered page, for what the fast path cannot render right. */
import type { Cell, InvalidText } from "./format.ts";

/** Control characters except TAB and LF: a sqlite3 shell eats CR, and the others do not survive every reader. */
const isControl = (byte: number) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a;

/** True if any byte is a C0 control character other than TAB and LF. Four bytes at a time: about 4 GB/s. */
export function hasControl(bytes: Uint8Array): boolean {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes.length >>> 2 : 0;
  const words = new Uint32Array(bytes.buffer, aligned === 0 ? 0 : bytes.byteOffset, aligned);
  for (let at = 0; at < aligned; at++) {
    const word = words[at] ?? 0;
    // A byte below 0x20 borrows into its own high bit: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
    if (((word - 0x20202020) & ~word & 0x80808080) !== 0 && wordHasControl(word)) return true;
  }
  for (let at = aligned << 2; at < bytes.length; at++) {
    if (isControl(bytes[at] ?? 0x20)) return true;
  }
  return false;
}

function wordHasControl(word: number): boolean {
  return (
    isControl(word & 0xff) ||
    isControl((word >>> 8) & 0xff) ||
    isControl((word >>> 16) & 0xff) ||
    isControl(word >>> 24)
  );
}

/**
 * True if the bytes may hold the text of a REAL below 1e-280: `e-28…`, `e-29…` or `e-3…` with three digits.
 */
export function hasTinyReal(bytes: Uint8Array): boolean {
  const [minus, e, two, three, eight] = [0x2d, 0x65, 0x32, 0x33, 0x38];
  const isDigit = (at: number) => ((bytes[at] ?? 0) ^ 0x30) < 10;
  for (let at = bytes.indexOf(minus); at !== -1; at = bytes.indexOf(minus, at + 1)) {
    if (bytes[at - 1] !== e) continue;
    const [first, second] = [bytes[at + 1], bytes[at + 2] ?? 0];
    if ((first === three || (first === two && second >= eight)) && isDigit(at + 2) && isDigit(at + 3)) return true;
  }
  return false;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of valid UTF-8; undefined for any other bytes. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // what `fatal` throws says no more than that
  }
}

/** True for TEXT that is not valid UTF-8. */
export function isInvalidText(cell: Cell): cell is InvalidText {
  return cell !== null && typeof cell === "object" && "invalidUtf8" in cell;
}

/** The runtime's own check, where there is one: ten times as fast as decoding. */
const nodeBuffer =
  typeof process === "undefined" || typeof process.getBuiltinModule !== "function"
    ? undefined
    : process.getBuiltinModule("node:buffer");

/** True if the bytes are valid UTF-8. */
export const isUtf8: (bytes: Uint8Array) => boolean =
  nodeBuffer?.isUtf8 ?? ((bytes) => decodeUtf8(bytes) !== undefined);

/** True if the bytes hold this ASCII text; its first byte should be a rare one. */
export function includesAscii(bytes: Uint8Array, text: string): boolean {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    let length = 1;
    while (length < text.length && bytes[at + length] === text.charCodeAt(length)) length++;
    if (length === text.length) return true;
  }
  return false;
}
