import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { nativeZstd } from "../../src/pack/zstd-native.ts";
import { chunkBlocks, type ZstdCompress } from "../../src/pack/zstd-blocks.ts";
import { noise } from "../support/pack-samples.ts";

/** A frame without a checksum. */
const read = (blocks: Iterable<Uint8Array>) =>
  new Uint8Array(
    zstdDecompressSync(
      concatBytes([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x40), ...blocks, Uint8Array.of(1, 0, 0)]),
    ),
  );

const frameOf = (...blocks: readonly (readonly [type: number, bytes: Uint8Array])[]) =>
  concatBytes([
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0),
    ...blocks.flatMap(([type, bytes]) => [
      Uint8Array.of((bytes.length << 3) | (type << 1), bytes.length >> 5, bytes.length >> 13),
      bytes,
    ]),
  ]);

/** Packs zeros so that each time, behind eight of them, the third repeat offset of a new frame is used: one literal, three bytes from 8 before. */
function usesThird(zeros: Uint8Array): Uint8Array {
  if (zeros.length < 12) return frameOf([0, zeros]);
  // one raw literal; one sequence, RLE_Mode three times; codes 1, 1 and 0; bits 1 for offset value 3
  const block = Uint8Array.of(0x08, 0, 1, 0b01_01_01_00, 1, 1, 0, 0b11);
  return frameOf([0, zeros.subarray(0, 8)], [2, block], [0, zeros.subarray(12)]);
}

describe("chunkBlocks", () => {
  it.each([12, 13, 300, 1000, 10_000, 200_000])("ends, whatever the compressor does with %i bytes", (length) => {
    const zeros = new Uint8Array(length);
    expect(read(chunkBlocks(zeros, usesThird))).toEqual(zeros);
  });

  it("stores what is left when it has been of no use 32 times", () => {
    const sizes = [...chunkBlocks(new Uint8Array(1000), usesThird)].map((block) => block.length);
    expect(sizes.at(-1)).toBe(1000 - 32 * 12);
  });

  it.each([
    ["the last block", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x09, 0, 0, 7)],
    ["a block of no known type", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x0e, 0, 0, 7)],
    ["a block that is cut", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x10, 0, 0, 7)],
    ["literals by a tree that is not there", frameOf([2, Uint8Array.of(0x03, 0, 0, 0)])],
    ["a table that is not there", frameOf([2, Uint8Array.of(0x00, 1, 0b11_00_00_00, 1)])],
    ["fewer bits than sequences take", frameOf([2, Uint8Array.of(0x00, 9, 0, 1)])],
  ])("refuses %s", (_name, frame) => {
    const compress: ZstdCompress = () => frame;
    expect(() => [...chunkBlocks(new Uint8Array(1), compress)]).toThrow(RangeError);
  });

  it("calls the compressor little more than once for a chunk that needs no mending", () => {
    const packed: number[] = [];
    const native = nativeZstd(3);
    const compress: ZstdCompress = (bytes) => {
      packed.push(bytes.length);
      return native(bytes);
    };
    const chunk = noise(200_000).map((byte) => 65 + (byte & 15));
    expect(read(chunkBlocks(chunk, compress))).toEqual(chunk);
    expect(packed).toEqual([4096, 200_000]);
  });

  it("packs a chunk once, although it begins with empty columns", () => {
    let packed = 0;
    const native = nativeZstd(3);
    const compress: ZstdCompress = (bytes) => {
      packed += bytes.length;
      return native(bytes);
    };
    const chunk = new TextEncoder()
      .encode(Array.from({ length: 20_000 }, (_, row) => `${row},,,,,,"a",,,\n`).join(""))
      .subarray(0, 256 * 1024);
    expect(read(chunkBlocks(chunk, compress))).toEqual(chunk);
    expect(packed / chunk.length).toBeLessThan(1.1);
  });
});
