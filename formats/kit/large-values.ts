/** Large values, changed piece by piece: none of the forms that they take on their way is ever there as a whole. */
import type { TextOrBytes, Chunks } from "../format.ts";

/** Characters or bytes of a piece. Base64 and hex of whole pieces can stand one behind the other: it is a multiple of 3 and of 2. */
const chunkLength = 48 * 1024;

/** A text, changed by a function that looks at each character alone, or at the one `before` it, of which two halves may be given. */
export function textChunks(text: string, change: (piece: string, before: string) => TextOrBytes): Chunks {
  return text.length <= chunkLength ? change(text, "") : splitText(text, change);
}

/** Bytes, changed by a function that looks at no more than six of them together. */
export function byteChunks(bytes: Uint8Array, change: (piece: Uint8Array) => TextOrBytes): Chunks {
  return bytes.length <= chunkLength ? change(bytes) : splitBytes(bytes, change);
}

/** Pieces that are all text, as one. */
export function joinText(pieces: Chunks): string {
  if (typeof pieces === "string") return pieces;
  if (pieces instanceof Uint8Array) return decoder.decode(pieces);
  return Array.from(pieces, joinText).join("");
}

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }); // U+FEFF is a character like any other

function* splitText(text: string, change: (piece: string, before: string) => TextOrBytes): Generator<TextOrBytes> {
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + chunkLength, text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--; // both halves of a surrogate pair
    yield change(text.slice(at, end), text.slice(Math.max(0, at - 2), at));
    at = end;
  }
}

function* splitBytes(bytes: Uint8Array, change: (piece: Uint8Array) => TextOrBytes): Generator<TextOrBytes> {
  for (let at = 0; at < bytes.length; at += chunkLength) yield change(bytes.subarray(at, at + chunkLength));
}
