import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/bytes.ts";
import { PartBuffer } from "../../src/sink/part-buffer.ts";

describe("the part buffer", () => {
  it("cuts parts of exactly one size, whatever comes in", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 25 }), (chunks, size) => {
        const buffer = new PartBuffer(size);
        const parts: Uint8Array[] = [];
        for (const chunk of chunks) {
          buffer.push(chunk);
          while (buffer.isFull) parts.push(buffer.take());
        }
        for (const part of parts) expect(part.length).toBe(size);
        expect(buffer.length).toBeLessThan(size);
        const rest = buffer.remainder();
        expect(rest).toEqual(buffer.take());
        expect(concatBytes([...parts, rest])).toEqual(concatBytes([...chunks, new Uint8Array()]));
      }),
    );
  });

  it("goes on from a remainder as if it had never stopped", () => {
    const whole = new PartBuffer(4);
    whole.push(Uint8Array.of(1, 2, 3, 4, 5, 6));
    whole.take();
    const next = new PartBuffer(4);
    next.push(whole.remainder());
    for (const buffer of [whole, next]) buffer.push(Uint8Array.of(7, 8, 9));
    expect(next.take()).toEqual(whole.take());
    expect(next.take()).toEqual(Uint8Array.of(9));
  });

  it("holds a remainder that later bytes do not change", () => {
    const buffer = new PartBuffer(4);
    const bytes = Uint8Array.of(1, 2);
    buffer.push(bytes);
    const kept = buffer.remainder();
    bytes.fill(9);
    expect(kept).toEqual(Uint8Array.of(1, 2));
  });
});
