/** Small conversions that the slow paths share. */

const encoder = new TextEncoder();

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Upper-case hex digits, as SQLite's `hex()` and `quote()` write them. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex().toUpperCase();
}

/** The four digits of each two bytes, as numbers in this machine's order of bytes. */
const digits = new Uint32Array(
  utf8(hex(new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, two) => two).buffer))).buffer,
);

/** `hex` as bytes: seven times as fast for large values, which then are never a text. */
export function hexBytes(bytes: Uint8Array): Uint8Array {
  const even = bytes.length >>> 1;
  const { buffer, byteOffset } = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const twos = new Uint16Array(buffer, byteOffset, even);
  const fours = new Uint32Array(Math.ceil(bytes.length / 2));
  for (let at = 0; at < even; at++) fours[at] = digits[twos[at] ?? 0] ?? 0;
  const all = new Uint8Array(fours.buffer, 0, bytes.length * 2);
  if (bytes.length % 2 === 1) all.set(utf8(hex(bytes.subarray(-1))), bytes.length * 2 - 2);
  return all;
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

/** Byte arrays with neighbours in one, so that each has `least` bytes or more, if all of them have. Each is copied once at most. */
export function* coalesced(parts: Iterable<Uint8Array>, least: number): Generator<Uint8Array> {
  let [held, open]: [Uint8Array[], Uint8Array[]] = [[], []]; // what is held is large enough, but what follows may not be
  let size = 0;
  for (const part of parts) {
    if (part.length === 0) continue;
    open.push(part);
    size += part.length;
    if (size < least) continue;
    if (held.length > 0) yield concatBytes(held);
    [held, open, size] = [open, [], 0];
  }
  if (held.length + open.length > 0) yield concatBytes([...held, ...open]);
}

/** The bytes of all, one behind the other. */
export function* chained(parts: readonly Iterable<Uint8Array>[]): Generator<Uint8Array> {
  for (const part of parts) yield* part;
}
