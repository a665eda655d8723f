import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { PartBuffer } from "../../src/sink/part-buffer.ts";

/** Pushes all of it; gives the parts that were full. */
function fill(buffer: PartBuffer, bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    at += buffer.push(bytes.subarray(at));
    if (buffer.isFull) parts.push(buffer.take());
  }
  return parts;
}

describe("the part buffer", () => {
  it("cuts parts of exactly one size, whatever comes in", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 25 }), (chunks, size) => {
        const buffer = new PartBuffer(size);
        const parts = chunks.flatMap((chunk) => fill(buffer, chunk));
        for (const part of parts) expect(part.length).toBe(size);
        expect(buffer.length).toBeLessThan(size);
        const rest = buffer.remainder();
        expect(rest).toEqual(buffer.take());
        expect(concatBytes([...parts, rest])).toEqual(concatBytes([...chunks, new Uint8Array()]));
      }),
    );
  });

  it("never holds more than a part", () => {
    const buffer = new PartBuffer(4);
    expect(buffer.push(Uint8Array.of(1, 2, 3))).toBe(3);
    expect(buffer.push(Uint8Array.of(4, 5, 6))).toBe(1);
    expect(buffer.push(Uint8Array.of(5, 6))).toBe(0);
    expect(buffer.take()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(buffer.push(Uint8Array.of(5, 6))).toBe(2);
  });

  it("goes on from a remainder as if it had never stopped", () => {
    const whole = new PartBuffer(4);
    fill(whole, Uint8Array.of(1, 2, 3, 4, 5, 6));
    const next = new PartBuffer(4);
    next.push(whole.remainder());
    for (const buffer of [whole, next]) expect(buffer.push(Uint8Array.of(7, 8))).toBe(2);
    expect(next.take()).toEqual(whole.take());
  });

  it("gives parts and remainders that later bytes do not change", () => {
    const buffer = new PartBuffer(4);
    const bytes = Uint8Array.of(1, 2);
    buffer.push(bytes);
    const kept = buffer.remainder();
    bytes.fill(9);
    buffer.push(Uint8Array.of(3, 4));
    const part = buffer.take();
    buffer.push(Uint8Array.of(5, 6, 7, 8));
    expect([kept, part]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 4)]);
  });
});
