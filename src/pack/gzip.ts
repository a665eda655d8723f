/** gzip (RFC 1952): one member, however many calls made it. Readers such as `DecompressionStream` take no second. */
import { deflateBlocks, lastDeflateBlock } from "./blocks.ts";
import type { Crc32, Deflate, Packer, PackerState } from "./packer.ts";

/** What a gzip file is made with. The same options must come with the same state for the same bytes. */
export interface GzipOptions {
  readonly deflate: Deflate;
  readonly crc32: Crc32;
  /** 1 (fast) to 9 (small). */
  readonly level: number;
  /** Unix seconds for the header; what 32 bits cannot hold is written as "no time stamp". */
  readonly modified: number;
  /** The name that `gunzip -N` restores; characters outside ISO 8859-1 become `_`. */
  readonly fileName?: string;
}

type GzipState = {
  readonly crc: number;
  /** Bytes before deflating. */
  readonly length: number;
  readonly started: boolean;
};

/** Makes a packer of one gzip file. */
export function gzipPacker({ deflate, crc32, level, modified, fileName }: GzipOptions): Packer {
  const header = gzipHeader(level, modified, fileName);
  return {
    start: () => ({ crc: 0, length: 0, started: false }) satisfies GzipState,
    pack(state, pieces) {
      let { crc, length, started } = parse(state);
      const bytes: Uint8Array[] = started ? [] : [header.slice()];
      for (const piece of pieces) {
        if (!(piece instanceof Uint8Array)) continue;
        crc = crc32(piece, crc);
        length += piece.length;
        bytes.push(...deflateBlocks(piece, deflate, level));
      }
      return { bytes, state: { crc, length, started: true } satisfies GzipState };
    },
    finish(state) {
      const { crc, length, started } = parse(state);
      // RFC 1952 section 2.3.1: CRC32, then ISIZE, the length modulo 2^32.
      const trailer = new DataView(new ArrayBuffer(8));
      trailer.setUint32(0, crc, true);
      trailer.setUint32(4, length % 2 ** 32, true);
      const end = [lastDeflateBlock.slice(), new Uint8Array(trailer.buffer)];
      return started ? end : [header.slice(), ...end];
    },
  };
}

/** RFC 1952 section 2.3: ID1, ID2, CM, FLG, MTIME, XFL, OS, and the name with a zero behind it. */
function gzipHeader(level: number, modified: number, fileName: string | undefined): Uint8Array {
  const name = fileName === undefined ? [] : [...Array.from(fileName, latin1), 0];
  const header = new Uint8Array(10 + name.length);
  const view = new DataView(header.buffer);
  view.setUint16(0, 0x1f8b);
  view.setUint8(2, 8);
  view.setUint8(3, fileName === undefined ? 0 : 0x08); // FNAME
  view.setUint32(4, modified > 0 && modified < 2 ** 32 ? modified : 0, true);
  view.setUint8(8, level === 9 ? 2 : level === 1 ? 4 : 0);
  view.setUint8(9, 255); // unknown: no reader is to convert line ends
  header.set(name, 10);
  return header;
}

function latin1(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code > 0 && code < 0x100 ? code : 0x5f;
}

function parse({ crc, length, started }: PackerState): GzipState {
  if (typeof crc !== "number" || typeof length !== "number" || typeof started !== "boolean") {
    throw new TypeError("Cannot go on with a gzip file: the state is not one of this packer");
  }
  return { crc, length, started };
}
