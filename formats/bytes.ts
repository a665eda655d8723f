/** Small conversions that the careful paths share. */

const encoder = new TextEncoder();

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Upper-case hex digits, as SQLite's `hex()` and `quote()` write them. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex().toUpperCase();
}

/** The two digits of each byte, as one number in this machine's order of bytes. */
const digitPairs = Uint16Array.from({ length: 256 }, (_, byte) => {
  const [first = 0, second = 0] = utf8(hex(Uint8Array.of(byte)));
  return new Uint16Array(Uint8Array.of(first, second).buffer)[0] ?? 0;
});

/** `hex` as bytes: four times as fast for large values, which then are never a text. */
export function hexBytes(bytes: Uint8Array): Uint8Array {
  const pairs = new Uint16Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) pairs[at] = digitPairs[bytes[at] ?? 0] ?? 0;
  return new Uint8Array(pairs.buffer);
}

/** Strings and bytes, one after the other: a string as long as all are, else bytes. */
export function join(parts: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  return concatBytes(parts.map((part) => (typeof part === "string" ? utf8(part) : part)));
}

/** Byte arrays, one after the other, copied. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
