/** Reads the sequences of a compressed zstd block: so many literals, and then a match (RFC 8878 section 3.1.1.3.2). */
import { BackwardBits, constantTable, fseTable, readTable, type FseTable } from "./zstd-fse.ts";

interface Sequence {
  readonly literals: number;
  /** Bytes that are copied. */
  readonly length: number;
  /** 1 to 3: one of the repeat offsets (section 3.1.1.5). From 4 on: the offset and three. */
  readonly offsetValue: number;
}

/** The tables of a block, which the next one may use again. */
export interface Tables {
  readonly literals: FseTable;
  readonly offsets: FseTable;
  readonly lengths: FseTable;
}

export interface BlockContent {
  /** Literals, those behind the last sequence included. */
  readonly literals: number;
  /** Whether they are coded by a tree, and if it stands in this block or in one before it (section 3.1.1.3.1.1). */
  readonly tree: "none" | "here" | "before";
  /** Null if there are no sequences: the tables stay those of before. */
  readonly tables: Tables | null;
  /** Read as they are asked for. */
  readonly sequences: Iterable<Sequence>;
}

/** Numbers of which each code has so many bits in the stream, from the smallest of code 0 on (section 3.1.1.3.2.1.1). */
function codesOf(first: number, bits: readonly number[]): readonly (readonly [base: number, bits: number])[] {
  let base = first;
  return bits.map((width) => {
    const code = [base, width] as const;
    base += 1 << width;
    return code;
  });
}
const times = (count: number, value: number) => Array.from({ length: count }, () => value);
const literalBits = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const lengthBits = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const literalCodes = codesOf(0, [...times(16, 0), ...literalBits]);
export const lengthCodes = codesOf(3, [...times(32, 0), ...lengthBits]);

/** Section 3.1.1.3.2.2. */
const predefined: Tables = {
  literals: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
  offsets: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, ...times(15, 1), ...times(5, -1)], 5),
  lengths: fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...times(37, 1), ...times(7, -1)], 6),
};

/** Reads a compressed block behind its header; `before` are the tables of those in front of it. Throws RangeError for what is no such block. */
export function readBlock(block: Uint8Array, before: Tables | null): BlockContent {
  const { size: literals, end, tree } = literalsOf(block);
  const [first = 0, second = 0, third = 0] = block.subarray(end);
  if (first === 0) return { literals, tree, tables: null, sequences: [] };
  const [count, width] =
    first < 128 ? [first, 1] : first < 255 ? [((first - 128) << 8) + second, 2] : [second + (third << 8) + 0x7f00, 3];
  const modes = block[end + width] ?? 0;
  let at = end + width + 1;
  const table = (mode: number, usual: FseTable, last: FseTable | undefined): FseTable => {
    if (mode === 0) return usual;
    if (mode === 1) return constantTable(block[at++] ?? 0);
    if (mode === 2) {
      const { table: read, end: behind } = readTable(block, at);
      at = behind;
      return read;
    }
    if (last === undefined)
      throw new RangeError("Cannot read a block: it repeats a table, and there is none before it");
    return last;
  };
  const tables: Tables = {
    literals: table(modes >> 6, predefined.literals, before?.literals),
    offsets: table((modes >> 4) & 3, predefined.offsets, before?.offsets),
    lengths: table((modes >> 2) & 3, predefined.lengths, before?.lengths),
  };
  return { literals, tree, tables, sequences: sequencesOf(block.subarray(at), count, tables) };
}

/** Section 3.1.1.3.1.1: how many literals there are, and where they end. */
function literalsOf(block: Uint8Array): Pick<BlockContent, "tree"> & { readonly size: number; readonly end: number } {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = block;
  const [type, format] = [a & 3, (a >> 2) & 3];
  if (type < 2) {
    const [size, header] =
      format === 1 ? [(a >> 4) + (b << 4), 2] : format === 3 ? [(a >> 4) + (b << 4) + (c << 12), 3] : [a >> 3, 1];
    return { size, end: header + (type === 0 ? size : 1), tree: "none" };
  }
  // twice as many bits, in 3, 4 or 5 bytes
  const [width, header] = format < 2 ? [10, 3] : format === 2 ? [14, 4] : [18, 5];
  const fields = (a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24 + e * 2 ** 32) / 16;
  const size = Math.floor(fields) % 2 ** width;
  const packed = Math.floor(fields / 2 ** width) % 2 ** width;
  return { size, end: header + packed, tree: type === 2 ? "here" : "before" };
}

function* sequencesOf(stream: Uint8Array, count: number, tables: Tables): Generator<Sequence> {
  const bits = new BackwardBits(stream);
  let literalState = bits.read(tables.literals.accuracyLog);
  let offsetState = bits.read(tables.offsets.accuracyLog);
  let lengthState = bits.read(tables.lengths.accuracyLog);
  const next = ({ bits: widths, bases }: FseTable, state: number) =>
    (bases[state] ?? 0) + bits.read(widths[state] ?? 0);
  for (let nth = 1; nth <= count; nth++) {
    const offsetCode = tables.offsets.symbols[offsetState] ?? 0;
    const [length, moreLength] = lengthCodes[tables.lengths.symbols[lengthState] ?? 0] ?? [0, 0];
    const [literals, moreLiterals] = literalCodes[tables.literals.symbols[literalState] ?? 0] ?? [0, 0];
    const offsetValue = (1 << offsetCode) + bits.read(offsetCode);
    yield { offsetValue, length: length + bits.read(moreLength), literals: literals + bits.read(moreLiterals) };
    if (nth === count) return;
    literalState = next(tables.literals, literalState);
    lengthState = next(tables.lengths, lengthState);
    offsetState = next(tables.offsets, offsetState);
  }
}
