/** Native or near-native looks over a rendered page, for what the fast path cannot render right. */
import type { Cell, InvalidText } from "../format.ts";

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

/** True for the same, and for a REAL that is infinite. */
export function isInvalidOrInfinite(cell: Cell): boolean {
  if (isInvalidText(cell)) return true;
  return cell !== null && typeof cell === "object" && "real" in cell && !Number.isFinite(cell.real);
}

/** The runtime's own check, where there is one: ten times as fast as decoding. */
const nodeBuffer =
  typeof process === "undefined" || typeof process.getBuiltinModule !== "function"
    ? undefined
    : process.getBuiltinModule("node:buffer");

/** True if the bytes are valid UTF-8. */
export const isUtf8: (bytes: Uint8Array) => boolean =
  nodeBuffer?.isUtf8 ?? ((bytes) => decodeUtf8(bytes) !== undefined);

/** True if the bytes hold this ASCII text; the byte at `rare` of it is the one that is looked for. */
export function includesAscii(bytes: Uint8Array, text: string, rare: number): boolean {
  const sign = text.charCodeAt(rare);
  for (let at = bytes.indexOf(sign, rare); at !== -1; at = bytes.indexOf(sign, at + 1)) {
    let length = 0;
    while (length < text.length && bytes[at - rare + length] === text.charCodeAt(length)) length++;
    if (length === text.length) return true;
  }
  return false;
}
