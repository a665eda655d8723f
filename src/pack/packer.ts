/** What the packers take and give. A packer is pure: all it carries is its state, plain data for the checkpoint. */

/** Begins a file inside an archive; packers for single files ignore it. */
interface Entry {
  readonly entry: string;
}

/** What goes into a packer: bytes, or the beginning of an entry. */
export type Piece = Uint8Array | Entry;

/** Plain JSON data: what a packer must remember from one call to the next. */
export type PackerState = { readonly [key: string]: unknown };

interface Packed {
  readonly bytes: readonly Uint8Array[];
  readonly state: PackerState;
}

export interface Packer {
  /** Makes the state that a new file begins with. */
  start(): PackerState;
  /**
   * Packs some pieces. The bytes depend on nothing but the state and the pieces; neither is changed. Bytes that need no
   * packing come out as the very arrays that went in.
   */
  pack(state: PackerState, pieces: readonly Piece[]): Packed;
  /** The closing bytes: trailer or central directory. */
  finish(state: PackerState): Iterable<Uint8Array>;
}

/**
 * Deflates one block on its own, level 1 (fast) to 9 (small): raw deflate, ended by a full flush, so that blocks stand
 * one after the other.
 */
export type Deflate = (block: Uint8Array, level: number) => Uint8Array;

/** Goes on with the CRC-32 of what came before (0 for nothing), unsigned. */
export type Crc32 = (bytes: Uint8Array, before: number) => number;
