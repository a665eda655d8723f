import { inflateRawSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { lastDeflateBlock } from "../../src/pack/blocks.ts";
import { availableDeflate, deflater, fflateDeflate, nativeDeflate } from "../../src/pack/deflate.ts";
import { digest, insertText, noise, zeroRuns } from "../support/pack-samples.ts";

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe.each([
  ["native", nativeDeflate],
  ["fflate", fflateDeflate],
])("%s deflate", (_, deflate) => {
  const samples: readonly (readonly [name: string, block: Uint8Array])[] = [
    ["one byte", Uint8Array.of(65)],
    ["one zero", Uint8Array.of(0)],
    ["text", insertText(100_000)],
    ["noise", noise(100_000)],
    ["a whole block of text", insertText(300_000).subarray(0, 256 * 1024)],
    ["a whole block of noise", noise(256 * 1024)],
    ["one byte repeated", new Uint8Array(70_000).fill(97)],
    ["zeros", new Uint8Array(70_000)],
    ["runs of zeros", zeroRuns(70_000, 3)],
  ];

  it.each(samples)("gives blocks that stand one after the other: %s", (_name, block) => {
    for (const level of LEVELS) {
      const deflated = deflate(block, level);
      // In this order a reader of the second text has noise behind it: it must not reach back into it.
      const whole = inflateRawSync(concatBytes([deflated, deflate(noise(50_000), level), deflated, lastDeflateBlock]));
      expect(digest(whole)).toEqual(digest(concatBytes([block, noise(50_000), block])));
      expect(digest(inflateRawSync(concatBytes([deflated, lastDeflateBlock])))).toEqual(digest(block));
    }
  });

  it("ends on a byte boundary whatever the length", () => {
    const text = insertText(3000);
    const random = noise(3000);
    for (let length = 1; length < 1200; length += 7) {
      for (const block of [text.subarray(0, length), random.subarray(0, length), zeroRuns(length, length)]) {
        const whole = inflateRawSync(concatBytes([deflate(block, 6), deflate(block, 1), lastDeflateBlock]));
        expect(digest(whole)).toEqual(digest(concatBytes([block, block])));
      }
    }
  });

  it("makes text small", () => {
    const text = insertText(256 * 1024);
    expect(deflate(text, 1).length).toBeLessThan(text.length / 2);
    expect(deflate(text, 6).length).toBeLessThan(deflate(text, 1).length);
  });

  it("gives the same bytes again, and does not write to the block or to what it gave before", () => {
    const text = insertText(50_000);
    const before = digest(text);
    const first = deflate(text, 6);
    const kept = digest(first);
    deflate(noise(50_000), 6);
    expect(digest(first)).toEqual(kept);
    expect(digest(deflate(text, 6))).toEqual(kept);
    expect(digest(text)).toEqual(before);
  });

  it.each([0, 10, -1, 1.5, Number.NaN])("refuses level %s", (level) => {
    expect(() => deflate(Uint8Array.of(1), level)).toThrow(RangeError);
  });
});

describe("the choice of a maker", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is native zlib where there is one", () => {
    expect(availableDeflate()).toBe("native");
    expect(deflater("native")).toBe(nativeDeflate);
    expect(deflater("fflate")).toBe(fflateDeflate);
  });

  it.each([
    ["no process", undefined],
    ["a process without getBuiltinModule", {}],
    ["no zlib", { getBuiltinModule: () => undefined }],
  ])("is fflate with %s", (_, process) => {
    vi.stubGlobal("process", process);
    expect(availableDeflate()).toBe("fflate");
    expect(() => nativeDeflate(Uint8Array.of(1), 6)).toThrow('Cannot deflate with "native"');
  });
});
