/** Blocks deflated in JavaScript, for a Worker without `nodejs_compat`. Works around two bugs of fflate 0.8.3. */
import { Deflate as FflateStream, inflateSync } from "fflate/browser";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { lastDeflateBlock, storedBlocks } from "./blocks.ts";
import type { Deflate } from "./packer.ts";

/** fflate takes its level as one of these literals. 0 is not among them: its stream breaks at it. */
const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
type Level = (typeof levels)[number];

/**
 * fflate's `mem`: its hash table takes 2^(12 + mem) entries, cleared for each block. Measured on blocks of 256 KiB of
 * INSERT text at level 1: 53 MB/s against 32 MB/s with the default of a stream (8), for 0.3 % more bytes.
 */
const hashMemory = 4;

/** Deflates by fflate; throws RangeError for a level outside 1 to 9. */
export const fflateDeflate: Deflate = (block, level) => {
  const known = levels.find((each) => each === level);
  if (known === undefined) throw new RangeError(`Cannot deflate at level ${level}: expected 1 to 9`);
  const deflated = deflateFlushed(block, known);
  // The stream may refer to zeros in front of the data, which no reader has: github.com/101arrowz/fflate/issues/260.
  // Only a block that holds a zero byte itself can match them, and text hardly ever does: such a block is read back
  // before it is believed.
  return block.includes(0) && !inflatesTo(deflated, block) ? concatBytes([...storedBlocks(block)]) : deflated;
};

/**
 * A run of blocks, none the last, that ends on a byte boundary as after zlib's full flush. fflate's own `flush(true)`
 * puts the boundary in the wrong place for some data: github.com/101arrowz/fflate/issues/267. So the stream is closed
 * by its last block, which is empty, and that block is rewritten as an empty stored one.
 */
function deflateFlushed(block: Uint8Array, level: Level): Uint8Array {
  const pieces: Uint8Array[] = [];
  const stream = new FflateStream({ level, mem: hashMemory }, (piece) => pieces.push(piece));
  stream.push(block);
  stream.flush();
  stream.push(new Uint8Array(), true);
  // Bits that the stored block may take behind the last one: at most one byte, then LEN and NLEN.
  const bytes = concatBytes([...pieces, new Uint8Array(5)]);
  // RFC 1951 section 3.2.3, lowest bit first: the empty last block is 1 (BFINAL), 10 (BTYPE 01), 0000000 (its end). So
  // its first two bits are the last ones that are set in all the stream.
  let at = bytes.length - 1;
  while (bytes[at] === 0) at--;
  const final = at * 8 + 30 - Math.clz32(bytes[at] ?? 0);
  clearBit(bytes, final);
  clearBit(bytes, final + 1);
  // Now 000 stands there: a stored block, not the last. From the next byte boundary on LEN 0 and its complement.
  const length = Math.ceil((final + 3) / 8);
  bytes.set([0x00, 0x00, 0xff, 0xff], length);
  return bytes.subarray(0, length + 4);
}

function clearBit(bytes: Uint8Array, bit: number): void {
  const at = bit >> 3;
  bytes[at] = (bytes[at] ?? 0) & ~(1 << (bit & 7));
}

function inflatesTo(deflated: Uint8Array, block: Uint8Array): boolean {
  try {
    const inflated = inflateSync(concatBytes([deflated, lastDeflateBlock]), { out: new Uint8Array(block.length) });
    return inflated.length === block.length && inflated.every((byte, at) => byte === block[at]);
  } catch {
    return false; // fflate's word for data that cannot be read: the answer to the question, not a failure
  }
}
