import { crc32 as zlibCrc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { crc32, tableCrc32 } from "../../src/pack/crc32.ts";
import { noise } from "../support/pack-samples.ts";

describe.each([
  ["the one in use", crc32],
  ["by table", tableCrc32],
])("crc32, %s", (_, crc) => {
  it("gives the check value of CRC-32", () => {
    expect(crc(new TextEncoder().encode("123456789"), 0)).toBe(0xcbf43926);
  });

  it("goes on from any place", () => {
    const bytes = noise(1000);
    for (const cut of [0, 1, 500, 999, 1000]) {
      expect(crc(bytes.subarray(cut), crc(bytes.subarray(0, cut), 0))).toBe(zlibCrc32(bytes));
    }
  });
});
