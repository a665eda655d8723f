/** Data that zstd packs with repeat offsets from its first bytes on, and other data that is hard on a frame that is made of chunks. */
import { concatBytes } from "../../formats/kit/bytes.ts";
import { noise } from "./pack-samples.ts";

const chunk = 256 * 1024;
const encoder = new TextEncoder();
const text = (piece: string, times: number) => encoder.encode(piece.repeat(times));

/** So many bytes of one pattern over and over. */
function periodic(length: number, period: number): Uint8Array {
  const pattern = noise(period, period);
  return new Uint8Array(length).map((_, at) => pattern[at % period] ?? 0);
}

export const zstdSamples: readonly (readonly [name: string, pieces: readonly Uint8Array[]])[] = [
  ["zeros", [new Uint8Array(3 * chunk), new Uint8Array(5)]],
  [
    "runs between noise",
    [concatBytes([noise(9), new Uint8Array(90), noise(700, 2), new Uint8Array(chunk)]), noise(99, 3)],
  ],
  ...[1, 2, 3, 4, 5, 7, 8, 9, 16].map(
    (period) => [`a period of ${period}`, [periodic(chunk + 7, period), periodic(2 * chunk, period)]] as const,
  ),
  [
    "a period in the second block only",
    [concatBytes([noise(128 * 1024), periodic(128 * 1024, 4)]), periodic(chunk, 8)],
  ],
  [
    "one, four and eight in turn",
    [1, 4, 8, 4, 1, 8].map((period) => concatBytes([noise(20, period), periodic(60, period), noise(chunk, 9)])),
  ],
  ["empty columns of CSV", [text('1,,,,,,,,,,"a",,,,\n', 40_000), text(",,,,,,,,,\n", 30_000)]],
  ["BLOBs as hex", [text("INSERT INTO t VALUES(1,X'00000000000000000000FF00');\n", 12_000), text("X'0000", 60_000)]],
  ["blanks", [text(" ".repeat(50), 12_000), text("          x\n", 40_000)]],
];

/**
 * Up to six pieces of up to two chunks, patterns of many kinds in them; another number makes others. Their length is odd altogether: workerd's
 * decoder refuses a frame that fills its buffer to the byte (test/runtime/runtime.test.ts).
 */
export function hostile(seed: number): readonly Uint8Array[] {
  let state = seed * 2_654_435_761 + 1;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  const stretch = (): Uint8Array => {
    const length = 1 + below([8, 60, 300, 3000, 40_000][below(5)] ?? 1);
    switch (below(6)) {
      case 0:
        return noise(length, below(99) + 1);
      case 1:
        return new Uint8Array(length).fill(below(4));
      case 2:
        return periodic(length, [1, 4, 8, 3, 7, 2, 1 + below(20)][below(7)] ?? 1);
      case 3:
        return noise(length, below(99) + 1).map((byte) => 97 + (byte & 1));
      case 4:
        return text(`${below(1e6)},,,,,${below(9)},,,,${below(2)}\n`, 1 + (length >> 5));
      default:
        return text(`X'${noise(9, below(99) + 1).toHex()}${"0".repeat(below(30))}',`, 1 + (length >> 6));
    }
  };
  const pieces = Array.from({ length: 1 + below(6) }, () => {
    const most = [0, 20, 3000, chunk, 2 * chunk][below(5)] ?? 0;
    const stretches: Uint8Array[] = [];
    for (let length = 0; length < most; length += stretches.at(-1)?.length ?? 0) stretches.push(stretch());
    return concatBytes(stretches).subarray(0, most);
  });
  return [...pieces, noise(1 + (pieces.reduce((sum, { length }) => sum + length, 0) % 2))];
}
