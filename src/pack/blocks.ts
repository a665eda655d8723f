/** Cuts pieces into the blocks that are deflated one by one. */
import { KiB } from "../base/units.ts";
import type { Deflate } from "./packer.ts";

/**
 * Bytes deflated at once. A block is one stretch of work without a yield, so it must stay below 10 ms: at level 6
 * native zlib takes 4 ms for 256 KiB of INSERT text, fflate 6 to 8 ms. Each block begins with an empty window; at
 * 256 KiB that costs 0.6 % more bytes than at 1 MiB, at 64 KiB 2.8 %.
 */
export const blockBytes = 256 * KiB;

/** An empty last block with fixed codes, which ends any run of blocks (RFC 1951 section 3.2.3: BFINAL 1, BTYPE 01). */
export const lastDeflateBlock: Uint8Array = Uint8Array.of(0x03, 0x00);

/** Deflates a piece of any length block by block; nothing comes out for an empty one. */
export function* deflateBlocks(piece: Uint8Array, deflate: Deflate, level: number): Generator<Uint8Array> {
  for (let at = 0; at < piece.length; at += blockBytes) yield deflate(piece.subarray(at, at + blockBytes), level);
}

/** Bytes of a stored block at most (RFC 1951 section 3.2.4). */
const maxStoredBytes = 0xffff;

/** A piece of any length as it is, in stored blocks, none of which is the last: each begins and ends on a byte boundary, with five bytes in front of it. */
export function* storedBlocks(piece: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < piece.length; at += maxStoredBytes) {
    const block = piece.subarray(at, at + maxStoredBytes);
    const [low, high] = [block.length & 0xff, block.length >> 8];
    yield Uint8Array.of(0x00, low, high, ~low, ~high);
    yield block;
  }
}
