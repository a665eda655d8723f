/** Large values, changed piece by piece: none of the forms that they take on their way is ever there as a whole. */
import type { Encoded, Pieces } from "../format.ts";

/** Characters or bytes of a piece. Base64 and hex of whole pieces can stand one behind the other: it is a multiple of 3 and of 2. */
const pieceLength = 48 * 1024;

/** A text, changed by a function that looks at each character alone, or at the one `before` it, of which two halves may be given. */
export function textPieces(text: string, change: (piece: string, before: string) => Encoded): Pieces {
  return text.length <= pieceLength ? change(text, "") : cutText(text, change);
}

/** Bytes, changed by a function that looks at no more than six of them together. */
export function bytePieces(bytes: Uint8Array, change: (piece: Uint8Array) => Encoded): Pieces {
  return bytes.length <= pieceLength ? change(bytes) : cutBytes(bytes, change);
}

/** Pieces that are all text, as one. */
export function joined(pieces: Pieces): string {
  if (typeof pieces === "string") return pieces;
  if (pieces instanceof Uint8Array) return decoder.decode(pieces);
  return Array.from(pieces, joined).join("");
}

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }); // U+FEFF is a character like any other

function* cutText(text: string, change: (piece: string, before: string) => Encoded): Generator<Encoded> {
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + pieceLength, text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--; // both halves of a surrogate pair
    yield change(text.slice(at, end), text.slice(Math.max(0, at - 2), at));
    at = end;
  }
}

function* cutBytes(bytes: Uint8Array, change: (piece: Uint8Array) => Encoded): Generator<Encoded> {
  for (let at = 0; at < bytes.length; at += pieceLength) yield change(bytes.subarray(at, at + pieceLength));
}
