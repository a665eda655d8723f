import { describe, expect, it } from "vitest";
import { emptyXxh64, xxh64Digest, xxh64Update } from "../../src/pack/xxh64.ts";
import { noise } from "../support/pack-samples.ts";

const of = (...pieces: readonly Uint8Array[]) =>
  xxh64Digest(pieces.reduce(xxh64Update, emptyXxh64)).toString(16).padStart(16, "0");

describe("XXH64", () => {
  // `xxhsum -H1` of xxHash 0.8.1
  it.each([
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
    ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
  ])("of '%s' is the one of other programs", (text, digest) => {
    expect(of(new TextEncoder().encode(text))).toBe(digest);
  });

  it("is the same however the bytes are cut, and wherever they stand in memory", () => {
    const bytes = noise(5000);
    const whole = of(bytes);
    for (const cut of [1, 3, 31, 32, 33, 64, 1000, 4999]) {
      expect(of(bytes.subarray(0, cut), new Uint8Array(), bytes.subarray(cut)), `at ${cut}`).toBe(whole);
      const pieces = Array.from({ length: Math.ceil(5000 / cut) }, (_, nth) =>
        bytes.subarray(nth * cut, (nth + 1) * cut),
      );
      expect(of(...pieces), `every ${cut}`).toBe(whole);
    }
  });

  it("goes on from JSON", () => {
    const bytes = noise(1000, 3);
    const half = JSON.stringify(xxh64Update(emptyXxh64, bytes.subarray(0, 333)));
    const whole = xxh64Digest(xxh64Update(emptyXxh64, bytes));
    expect(xxh64Digest(xxh64Update(JSON.parse(half), bytes.subarray(333)))).toBe(whole);
  });
});
