/** zstd blocks that stand on their own: whatever stands in front of them in a frame, they mean the same. */
import { lengthCodes, readBlock, type Tables } from "./zstd-sequences.ts";

/** Compresses some bytes as the beginning of a frame, its header and blocks, none of them the last. */
export type ZstdCompress = (bytes: Uint8Array) => Uint8Array;

/** Bytes of a block at most, packed or not (RFC 8878 section 3.1.1.2.4). */
const largestBlock = 128 * 1024;

/** Bytes of a block's header (section 3.1.1.2). */
const blockHeader = 3;

const [rawType, rleType, compressedType] = [0, 1, 2];

/** The repeat offsets that a frame begins with (section 3.1.1.5). */
const firstOffsets = [1, 4, 8] as const;

/** Repeat offsets, as far as they are known. */
type Offsets = readonly [number | null, number | null, number | null];

/** What a chunk begins with: anything may stand in front of it. */
const unknown: Offsets = [null, null, null];

/** How often a chunk is taken up anew; what is left then is stored. */
const mostMended = 32;

/** Bytes of a chunk's beginning that are packed first, alone, to see what zstd does with them: it takes 2 % of the time of all. */
const headBytes = 4 * 1024;

/**
 * Packs a chunk. zstd begins each one with the repeat offsets of a new frame, and a reader that comes from the chunk in front of it has
 * others, so they must not be used. Nobody can tell zstd so; where it does use one, the match is written with its offset in full, and
 * what follows is packed anew.
 */
export function* chunkBlocks(chunk: Uint8Array, compress: ZstdCompress): Generator<Uint8Array> {
  let known = unknown;
  let rest = chunk;
  for (let mended = 0; rest.length > 0; mended++) {
    if (mended === mostMended) return yield* rawBlocks(rest);
    // most are found in the head; all of the chunk would be packed in vain
    const head = rest.subarray(0, headBytes);
    let foreign = rest.length > headBytes ? foreignMatch(blocksOf(compress(head)), known) : null;
    if (foreign === null) {
      const blocks = blocksOf(compress(rest));
      foreign = foreignMatch(blocks, known);
      if (foreign === null) return yield* blocks.map(({ bytes }) => bytes);
    }
    yield* before(rest.subarray(0, foreign.at), compress);
    yield* repeated(foreign);
    known = [foreign.offset, null, null];
    rest = rest.subarray(foreign.at + foreign.length);
  }
}

/** Packs what stands in front of such a match: zstd finds the same in it as before, but for its end. */
function* before(bytes: Uint8Array, compress: ZstdCompress): Generator<Uint8Array> {
  const blocks = blocksOf(compress(bytes));
  if (foreignMatch(blocks, unknown) === null) yield* blocks.map((block) => block.bytes);
  else yield* rawBlocks(bytes);
}

interface Block {
  readonly type: number;
  /** Bytes that it stands for; of a compressed block that is not in its header. */
  readonly size: number;
  /** With the header. */
  readonly bytes: Uint8Array;
}

/** The blocks of the beginning of a frame; throws RangeError for anything else. */
function blocksOf(frame: Uint8Array): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = frameHeader(frame); at < frame.length;) {
    const [a = 0, b = 0, c = 0] = frame.subarray(at);
    const [isLast, type, size] = [a & 1, (a >> 1) & 3, (a >> 3) | (b << 5) | (c << 13)];
    const end = at + blockHeader + (type === rleType ? 1 : size);
    if (isLast === 1 || type > compressedType || end > frame.length)
      throw new RangeError(`Cannot use a zstd block of type ${type} and ${size} bytes at ${at} of ${frame.length}`);
    blocks.push({ type, size, bytes: frame.subarray(at, end) });
    at = end;
  }
  return blocks;
}

/** Bytes in front of the first block (section 3.1.1.1). */
function frameHeader(frame: Uint8Array): number {
  const descriptor = frame[4] ?? 0;
  const isSingle = (descriptor >> 5) & 1;
  const contentSize = [isSingle, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return 5 + (1 - isSingle) + dictionary + contentSize;
}

interface Match {
  /** Bytes in front of it. */
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

/** The first match that means something else where a reader has other repeat offsets; null if there is none. */
function foreignMatch(blocks: readonly Block[], known: Offsets): Match | null {
  let meant: Offsets = firstOffsets;
  let there = known;
  let tables: Tables | null = null;
  let hasTree = false;
  let at = 0;
  for (const { type, size, bytes } of blocks) {
    if (type !== compressedType) {
      at += size;
      continue;
    }
    const content = readBlock(bytes.subarray(blockHeader), tables);
    if (content.tree === "before" && !hasTree)
      throw new RangeError("Cannot use a zstd block: the tree of its literals stands in none before it");
    hasTree ||= content.tree === "here";
    tables = content.tables ?? tables;
    let copied = 0;
    let literals = 0;
    for (const sequence of content.sequences) {
      literals += sequence.literals;
      const [offset, after] = moved(meant, sequence.offsetValue, sequence.literals);
      const [other, afterOther] = moved(there, sequence.offsetValue, sequence.literals);
      if (offset !== other) {
        if (offset === null) throw new RangeError("Cannot use a zstd block: an offset is not known");
        return { at: at + literals + copied, offset, length: sequence.length };
      }
      [meant, there] = [after, afterOther];
      if (meant.every((one, nth) => one === there[nth])) return null; // from here on both go the same way
      copied += sequence.length;
    }
    at += content.literals + copied;
  }
  return null;
}

/** The offset that a sequence means, and the repeat offsets behind it (section 3.1.1.5). */
function moved([first, second, third]: Offsets, value: number, literals: number): [number | null, Offsets] {
  if (value > 3) return [value - 3, [value - 3, first, second]];
  const nth = literals === 0 ? value + 1 : value;
  if (nth === 1) return [first, [first, second, third]];
  if (nth === 2) return [second, [second, first, third]];
  if (nth === 3) return [third, [third, first, second]];
  const less = first === null ? null : first - 1;
  return [less, [less, first, second]];
}

/** Bytes as they are. */
function* rawBlocks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += largestBlock) {
    const block = bytes.subarray(at, at + largestBlock);
    yield headerOf(rawType, block.length);
    yield block;
  }
}

/** Blocks of one sequence and no literals, whose offset is given in full; all its codes are constant, and take no bits. */
function* repeated({ offset, length }: Match): Generator<Uint8Array> {
  const offsetValue = offset + 3;
  const offsetCode = 31 - Math.clz32(offsetValue);
  const lengthCode = lengthCodes.findLastIndex(([base]) => base <= length);
  const [base, bits] = lengthCodes[lengthCode] ?? [0, 0];
  // from the end: a bit that is set, then what the offset is beyond its code, then what the length is
  const stream = (offsetValue << bits) | (length - base);
  const streamBytes = (32 - Math.clz32(stream) + 7) >> 3;
  const block = new Uint8Array(6 + streamBytes);
  // no literals, one sequence, RLE_Mode three times and the code of each (sections 3.1.1.3.1.1, 3.1.1.3.2.1)
  block.set([0, 1, 0b01_01_01_00, 0, offsetCode, lengthCode]);
  for (let nth = 0; nth < streamBytes; nth++) block[6 + nth] = stream >>> (8 * nth);
  yield headerOf(compressedType, block.length);
  yield block;
}

function headerOf(type: number, size: number): Uint8Array {
  const header = (size << 3) | (type << 1);
  return Uint8Array.of(header, header >> 8, header >> 16);
}
