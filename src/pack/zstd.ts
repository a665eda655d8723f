/** Zstandard (RFC 8878): one frame, however many calls made it. Readers such as python-zstandard's `decompress` stop behind the first. */
import { blockBytes } from "./blocks.ts";
import type { Packer, PackerState } from "./packer.ts";
import { emptyXxh64, xxh64Digest, xxh64Update, type Xxh64State } from "./xxh64.ts";
import { chunkBlocks, type ZstdCompress } from "./zstd-blocks.ts";

/** Section 3.1.1: the magic number, a descriptor that says there is a checksum, and a window of 256 KiB, which is what a chunk has. */
const header: Uint8Array = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x40);

/** An empty raw block, the last (section 3.1.1.2). */
const lastBlock: Uint8Array = Uint8Array.of(0x01, 0x00, 0x00);

type ZstdState = {
  /** Of what went in. */
  readonly checksum: Xxh64State;
  readonly started: boolean;
};

/** Makes a packer of one zstd file. */
export function zstdPacker(compress: ZstdCompress): Packer {
  return {
    start: () => ({ checksum: emptyXxh64, started: false }) satisfies ZstdState,
    pack(state, pieces) {
      let { checksum, started } = parse(state);
      const bytes: Uint8Array[] = started ? [] : [header.slice()];
      for (const piece of pieces) {
        if (!(piece instanceof Uint8Array)) continue;
        checksum = xxh64Update(checksum, piece);
        for (let at = 0; at < piece.length; at += blockBytes)
          bytes.push(...chunkBlocks(piece.subarray(at, at + blockBytes), compress));
      }
      return { bytes, state: { checksum, started: true } satisfies ZstdState };
    },
    finish(state) {
      const { checksum, started } = parse(state);
      const trailer = new DataView(new ArrayBuffer(4));
      trailer.setUint32(0, Number(xxh64Digest(checksum) & 0xffff_ffffn), true); // its low four bytes
      const end = [lastBlock.slice(), new Uint8Array(trailer.buffer)];
      return started ? end : [header.slice(), ...end];
    },
  };
}

function parse({ checksum, started }: PackerState): ZstdState {
  if (typeof started === "boolean" && isChecksum(checksum)) return { checksum, started };
  throw new TypeError("Cannot go on with a zstd file: the state is not one of this packer");
}

function isChecksum(value: unknown): value is Xxh64State {
  if (typeof value !== "object" || value === null) return false;
  const { length, lanes, rest }: { [key in keyof Xxh64State]?: unknown } = value;
  return (
    typeof length === "number" && Array.isArray(lanes) && lanes.every(Number.isInteger) && typeof rest === "string"
  );
}
