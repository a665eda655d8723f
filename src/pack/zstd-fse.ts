/** Reads what zstd writes with FSE, finite state entropy (RFC 8878 section 4.1). */

/** What each state of a decoder stands for, and how the next one is found. */
export interface FseTable {
  /** Bits that the first state takes. */
  readonly accuracyLog: number;
  readonly symbols: Uint8Array;
  /** The next state is the base and so many bits of the stream. */
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table of a distribution: how often each symbol comes in 2^accuracyLog, and -1 for "less than once" (section 4.1.1). */
export function fseTable(counts: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  let high = size - 1;
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[high--] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let nth = 0; nth < count; nth++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at > high);
    }
  }
  const [bits, bases] = [new Uint8Array(size), new Uint16Array(size)];
  for (const [state, symbol] of symbols.entries()) {
    const nth = next[symbol] ?? 1;
    next[symbol] = nth + 1;
    const width = accuracyLog - (31 - Math.clz32(nth));
    bits[state] = width;
    bases[state] = (nth << width) - size;
  }
  return { accuracyLog, symbols, bits, bases };
}

/** The table of one symbol, which takes no bits (section 3.1.1.3.2.1.1, RLE_Mode). */
export function constantTable(symbol: number): FseTable {
  return { accuracyLog: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** A table as it stands in a block (section 4.1.1), and where the byte behind it is. */
export function readTable(bytes: Uint8Array, start: number): { readonly table: FseTable; readonly end: number } {
  let at = start * 8;
  const take = (width: number) => {
    const value = bitsAt(bytes, at, width);
    at += width;
    return value;
  };
  const accuracyLog = take(4) + 5;
  const counts: number[] = [];
  // values up to `left` are to come: the small ones take a bit less
  for (let left = (1 << accuracyLog) + 1; left > 1;) {
    const width = 32 - Math.clz32(left);
    const short = 2 ** width - 1 - left;
    let value = take(width - 1);
    if (value >= short) {
      value |= take(1) << (width - 1);
      if (value >= 1 << (width - 1)) value -= short;
    }
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    if (value !== 1) continue;
    // behind a symbol that does not come: how many more of them, in twos of bits
    for (let more = 3; more === 3;) {
      more = take(2);
      for (let nth = 0; nth < more; nth++) counts.push(0);
    }
  }
  return { table: fseTable(counts, accuracyLog), end: (at + 7) >> 3 };
}

/** Up to 24 bits from any place on, the lowest first. */
function bitsAt(bytes: Uint8Array, at: number, width: number): number {
  const byte = at >> 3;
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[byte], bytes[byte + 1], bytes[byte + 2], bytes[byte + 3]];
  return ((a | (b << 8) | (c << 16) | (d << 24)) >>> (at & 7)) & ((1 << width) - 1);
}

/** Reads bits from the end of a block to its front, as a stream of states is laid (section 4.1). */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits in front of what was read. */
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    // the highest bit that is set in the last byte ends the stream
    this.#left = bytes.length * 8 - 1 - Math.clz32((bytes.at(-1) ?? 0) << 24);
  }

  /** Up to 24 bits. */
  read(width: number): number {
    this.#left -= width;
    if (this.#left < 0) throw new RangeError("Cannot read sequences: there are fewer bits than they take");
    return bitsAt(this.#bytes, this.#left, width);
  }
}
