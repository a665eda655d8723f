/** No packing: the file is the bytes as they come. */
import type { Packer } from "./packer.ts";

/** Hands bytes through and leaves out where entries begin. */
export const plainPacker: Packer = {
  start: () => ({}),
  pack: (state, pieces) => ({ bytes: pieces.filter((piece) => piece instanceof Uint8Array), state }),
  finish: () => [],
};
