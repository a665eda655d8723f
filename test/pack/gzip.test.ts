import { gunzipSync } from "node:zlib";
import { gunzipSync as fflateGunzip } from "fflate";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { crc32, tableCrc32 } from "../../src/pack/crc32.ts";
import { fflateDeflate, nativeDeflate } from "../../src/pack/deflate.ts";
import { gzipPacker, type GzipOptions } from "../../src/pack/gzip.ts";
import { digest, noise, packSliced, packWhole, pieceSamples, text, zeroRuns } from "../support/pack-samples.ts";

const options: GzipOptions = { deflate: nativeDeflate, crc32, level: 6, modified: 1_704_128_400 };

async function decompress(gzip: Uint8Array): Promise<Uint8Array> {
  // Refuses a second member, and anything else behind the first.
  const stream = new Response(gzip).body?.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function expectReaders(gzip: Uint8Array, content: Uint8Array): Promise<void> {
  expect(digest(gunzipSync(gzip))).toEqual(digest(content));
  expect(digest(fflateGunzip(gzip))).toEqual(digest(content));
  expect(digest(await decompress(gzip))).toEqual(digest(content));
}

const samples: readonly (readonly [name: string, pieces: readonly Uint8Array[]])[] = [
  ...pieceSamples,
  ["zeros", [zeroRuns(100_000, 5), new Uint8Array(300_000)]],
];

describe.each([
  ["native", { ...options }],
  ["fflate", { ...options, deflate: fflateDeflate, crc32: tableCrc32, level: 1 }],
])("gzipPacker, %s", (_, made) => {
  const packer = gzipPacker(made);

  it.each(samples)("is read by every reader: %s", async (_name, pieces) => {
    await expectReaders(packWhole(packer, pieces), concatBytes(pieces));
  });

  it.each(samples)("gives the same bytes however it is interrupted: %s", (_name, pieces) => {
    const whole = digest(packWhole(packer, pieces));
    for (const piecesPerCall of [1, 2, 3]) expect(digest(packSliced(packer, pieces, piecesPerCall))).toEqual(whole);
  });
});

describe("gzipPacker", () => {
  it("does not change a state: the same call gives the same bytes again", () => {
    const packer = gzipPacker(options);
    const state = Object.freeze(packer.pack(packer.start(), [text]).state);
    const first = packer.pack(state, [noise(1000)]);
    const again = packer.pack(state, [noise(1000)]);
    expect(again).toEqual(first);
    expect(packer.finish(first.state)).toEqual(packer.finish(again.state));
  });

  it("does not hand out bytes that it uses again", () => {
    const packer = gzipPacker(options);
    const before = digest(packWhole(packer, [text]));
    const { bytes, state } = packer.pack(packer.start(), [text]);
    for (const piece of [...bytes, ...packer.finish(state)]) piece.fill(0xee);
    expect(digest(packWhole(packer, [text]))).toEqual(before);
  });

  it("leaves out where entries begin", () => {
    const packer = gzipPacker(options);
    expect(packWhole(packer, [{ entry: "a" }, text])).toEqual(packWhole(packer, [text]));
  });

  it("writes the header of RFC 1952", () => {
    const gzip = packWhole(gzipPacker({ ...options, level: 9, fileName: "dump_ü→.sql" }), []);
    const header = [0x1f, 0x8b, 8, 0x08, 0x90, 0xef, 0x92, 0x65, 2, 255];
    expect([...gzip.subarray(0, 10)]).toEqual(header);
    expect(new TextDecoder("latin1").decode(gzip.subarray(10, 22))).toBe("dump_ü_.sql\0");
    expect(gunzipSync(gzip)).toHaveLength(0);
    expect(fflateGunzip(gzip)).toHaveLength(0);
  });

  it.each([-1, 0, 2 ** 32, Number.NaN])("writes no time stamp for %s", (modified) => {
    expect([...packWhole(gzipPacker({ ...options, modified }), []).subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  });

  it("writes the length modulo 2^32 for a file beyond 4 GiB", () => {
    const packer = gzipPacker(options);
    const { state } = packer.pack({ crc: 1, length: 5 * 2 ** 32 + 10, started: true }, [noise(5)]);
    const trailer = [...packer.finish(state)].at(-1) ?? new Uint8Array(8);
    expect(new DataView(trailer.buffer).getUint32(4, true)).toBe(15);
    expect(state["length"]).toBe(5 * 2 ** 32 + 15);
  });

  it("refuses a state that is not its own", () => {
    expect(() => gzipPacker(options).pack({}, [])).toThrow(TypeError);
    expect(() => gzipPacker(options).finish({ crc: "1", length: 0, started: true })).toThrow(TypeError);
  });
});
