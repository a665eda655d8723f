import { describe, expect, it } from "vitest";
import { plainPacker } from "../../src/pack/plain.ts";
import { digest, noise, packSliced, packWhole } from "../support/pack-samples.ts";

describe("plainPacker", () => {
  it("hands bytes through, and nothing else", () => {
    const bytes = noise(1000);
    const pieces = [bytes.subarray(0, 10), { entry: "users.csv" }, new Uint8Array(), bytes.subarray(10)];
    expect(digest(packWhole(plainPacker, pieces))).toEqual(digest(bytes));
    expect(digest(packSliced(plainPacker, pieces, 1))).toEqual(digest(bytes));
  });

  it("gives an empty file for no bytes", () => {
    expect(packWhole(plainPacker, [])).toHaveLength(0);
  });
});
