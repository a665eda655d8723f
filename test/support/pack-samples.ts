/** Data and readers that the packers' tests share. */
import { concatBytes } from "../../formats/kit/bytes.ts";
import { crc32 } from "../../src/pack/crc32.ts";
import type { Packer, PackerState, Piece } from "../../src/pack/packer.ts";

/** Bytes that look random and are the same in every run (xorshift32). */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** Text like a dump's, of at least `length` bytes. */
export function insertText(length: number): Uint8Array {
  const random = noise(length);
  const statements: string[] = [];
  let made = 0;
  for (let id = 1; made < length; id++) {
    const at = (id * 7) % (length - 4);
    const [a = 0, b = 0, c = 0, d = 0] = random.subarray(at, at + 4);
    const statement = `INSERT INTO "users" VALUES(${id},'Zoë ${a * b}','user${c}@example.com',${a / (d + 1)},NULL);\n`;
    statements.push(statement);
    made += statement.length;
  }
  return new TextEncoder().encode(statements.join(""));
}

/** Many zeros between short matches: what fflate's stream gets wrong (fflate issue 260). */
export function zeroRuns(length: number, seed: number): Uint8Array {
  const random = noise(length, seed);
  return random.map((byte, at) => ((random[at >> 3] ?? 0) < 100 ? 0 : byte & 3));
}

/** What differs is said by length and checksum: a diff of megabytes helps nobody. */
export function digest(bytes: Uint8Array): { readonly length: number; readonly crc: number } {
  return { length: bytes.length, crc: crc32(bytes, 0) };
}

/** Packs all pieces in one call. */
export function packWhole(packer: Packer, pieces: readonly Piece[]): Uint8Array {
  const { bytes, state } = packer.pack(packer.start(), pieces);
  return concatBytes([...bytes, ...packer.finish(state)]);
}

/** Packs some pieces a call, and keeps the state between calls only as the JSON that a checkpoint would hold. */
export function packSliced(packer: Packer, pieces: readonly Piece[], piecesPerCall: number): Uint8Array {
  const out: Uint8Array[] = [];
  let checkpoint = JSON.stringify(packer.start());
  for (let at = 0; at < pieces.length; at += piecesPerCall) {
    const { bytes, state } = packer.pack(restored(checkpoint), pieces.slice(at, at + piecesPerCall));
    out.push(...bytes);
    checkpoint = JSON.stringify(state);
  }
  return concatBytes([...out, ...packer.finish(restored(checkpoint))]);
}

function restored(checkpoint: string): PackerState {
  const state: PackerState = JSON.parse(checkpoint);
  return state;
}

/** 700 kB of INSERT statements. */
export const text = insertText(700_000);

/** Files in pieces, for any packer of one file. */
export const pieceSamples: readonly (readonly [name: string, pieces: readonly Uint8Array[]])[] = [
  ["nothing", []],
  ["empty pieces", [new Uint8Array(), new Uint8Array()]],
  ["one byte", [Uint8Array.of(7)]],
  ["one large piece", [text]],
  ["pieces of all sizes", [text.subarray(0, 1), new Uint8Array(), text.subarray(1, 300_000), text.subarray(300_000)]],
  ["what cannot be made smaller", [noise(300_000), noise(50_000, 2)]],
];
