/** Native or near-native looks over a rendered page, for what the fast path cannot render right. */
import type { Cell, InvalidText } from "./format.ts";

/** Control characters except TAB and LF: a sqlite3 shell eats CR, and the others do not survive every reader. */
const isControl = (byte: number) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a;

/** What one look over a page finds. */
export interface Look {
  /** A C0 control character other than TAB and LF; the positions of dots end in front of it. */
  readonly hasControl: boolean;
  /** Where the dots are. */
  readonly dots: readonly number[];
}

/** Looks for control characters and dots, four bytes at a time: 2 GB/s, and as cheap as one search where dots are rare. */
export function look(bytes: Uint8Array): Look {
  const dots: number[] = [];
  const aligned = bytes.byteOffset % 4 === 0 ? bytes.length >>> 2 : 0;
  const words = new Uint32Array(bytes.buffer, aligned === 0 ? 0 : bytes.byteOffset, aligned);
  for (let at = 0; at < aligned; at++) {
    const word = words[at] ?? 0;
    // A byte below 0x20 borrows into its own high bit: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
    const dotsAsZero = word ^ 0x2e2e2e2e;
    const found = ((word - 0x20202020) & ~word) | ((dotsAsZero - 0x01010101) & ~dotsAsZero);
    if ((found & 0x80808080) !== 0 && findIn(bytes, at << 2, (at << 2) + 4, dots)) return { hasControl: true, dots };
  }
  return { hasControl: findIn(bytes, aligned << 2, bytes.length, dots), dots };
}

/** Adds the dots from one position to another; true at the first control character. */
function findIn(bytes: Uint8Array, from: number, to: number, dots: number[]): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0x20;
    if (byte === 0x2e) dots.push(at);
    else if (isControl(byte)) return true;
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
