import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { nativeZstd } from "../../src/pack/zstd-native.ts";
import { zstdPacker } from "../../src/pack/zstd.ts";
import { digest, noise, packSliced, packWhole, pieceSamples, text } from "../support/pack-samples.ts";
import { hostile, zstdSamples } from "../support/zstd-samples.ts";

const packer = zstdPacker(nativeZstd(3));

/** Read by zstd's own decoder, which also compares the checksum; anything behind the first frame would come out, too. */
function expectFrame(packed: Uint8Array, content: Uint8Array): void {
  const read = zstdDecompressSync(packed);
  expect(digest(read)).toEqual(digest(content));
}

const samples: readonly (readonly [name: string, pieces: readonly Uint8Array[]])[] = [...pieceSamples, ...zstdSamples];

describe("zstdPacker", () => {
  it.each(samples)("makes a frame of %s", (_name, pieces) => {
    expectFrame(packWhole(packer, pieces), concatBytes(pieces));
  });

  it.each(samples)("gives the same bytes however it is interrupted: %s", (_name, pieces) => {
    const whole = digest(packWhole(packer, pieces));
    for (const piecesPerCall of [1, 2, 3]) expect(digest(packSliced(packer, pieces, piecesPerCall))).toEqual(whole);
  });

  it("makes no more of it than zstd does of each chunk alone", () => {
    const plain = (bytes: Uint8Array) => packWhole(packer, [bytes]).length;
    for (const [name, pieces] of zstdSamples)
      expect(packWhole(packer, pieces).length, name).toBeLessThan(
        pieces.reduce((sum, piece) => sum + plain(piece), 0) * 1.01 + pieces.length * 100,
      );
  });

  it.each([1, 3, 6, 9])("holds for 80 files that are made to be difficult, level %i", (level) => {
    const made = zstdPacker(nativeZstd(level));
    for (let seed = level * 1000; seed < level * 1000 + 80; seed++) {
      const pieces = hostile(seed);
      const whole = packWhole(made, pieces);
      expect(digest(packSliced(made, pieces, 1)), `seed ${seed}`).toEqual(digest(whole));
      expect(digest(zstdDecompressSync(whole)), `seed ${seed}`).toEqual(digest(concatBytes(pieces)));
    }
  });

  it("is one frame, with a checksum", () => {
    const packed = packWhole(packer, [text, text]);
    const magic = [0x28, 0xb5, 0x2f, 0xfd];
    expect([...packed.subarray(0, 6)]).toEqual([...magic, 0x04, 0x40]);
    for (const at of [1000, packed.length - 2]) {
      const broken = packed.slice();
      broken[at] = (broken[at] ?? 0) ^ 1;
      expect(() => zstdDecompressSync(broken), `a bit at ${at}`).toThrow();
    }
    expect(() => zstdDecompressSync(packed.subarray(0, -1))).toThrow();
  });

  it("does not change a state, and does not hand out bytes that it uses again", () => {
    const { bytes, state } = packer.pack(packer.start(), [text]);
    const before = digest(packWhole(packer, [text]));
    Object.freeze(state);
    const first = packer.pack(state, [noise(1000)]);
    expect(packer.pack(state, [noise(1000)])).toEqual(first);
    for (const piece of [...bytes, ...packer.finish(state)]) piece.fill(0xee);
    expect(digest(packWhole(packer, [text]))).toEqual(before);
  });

  it("leaves out where entries begin", () => {
    expect(packWhole(packer, [{ entry: "a" }, text])).toEqual(packWhole(packer, [text]));
  });

  it("refuses a state that is not its own, and a level outside 1 to 9", () => {
    expect(() => packer.pack({}, [])).toThrow(TypeError);
    expect(() => packer.finish({ checksum: { length: 0, lanes: "", rest: "" }, started: true })).toThrow(TypeError);
    for (const level of [0, 10, 1.5]) expect(() => nativeZstd(level)).toThrow(RangeError);
  });
});
