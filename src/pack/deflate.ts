/** The two makers of deflated blocks. Their bytes differ, so a job goes on with the one that it began with. */
import { blockBytes } from "./blocks.ts";
import { fflateDeflate } from "./fflate-deflate.ts";
import { nodeZlib } from "./node-zlib.ts";
import type { Deflate } from "./packer.ts";

/** A maker by the name that stands in a job's checkpoint. */
export type DeflaterName = "native" | "fflate";

/** `Z_FULL_FLUSH` of zlib.h: ends on a byte boundary and forgets the window, so a block needs nothing before it. */
const fullFlush = 3;

/** Deflates by the runtime's zlib; throws TypeError where there is none, RangeError for a level outside 1 to 9. */
export const nativeDeflate: Deflate = (block, level) => {
  const zlib = nodeZlib();
  if (zlib === null) {
    throw new TypeError('Cannot deflate with "native": no node:zlib here, set the compatibility flag nodejs_compat');
  }
  // Level 0 would store; both makers refuse it, so that a level means the same with either.
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new RangeError(`Cannot deflate at level ${level}: expected 1 to 9`);
  }
  return zlib.deflateRawSync(block, { level, finishFlush: fullFlush, chunkSize: blockBytes });
};

/** Gives a maker by its name. */
export function deflater(name: DeflaterName): Deflate {
  switch (name) {
    case "native":
      return nativeDeflate;
    case "fflate":
      return fflateDeflate;
  }
}

/** The faster maker that this Worker has: what a new job begins with. */
export function availableDeflate(): DeflaterName {
  return nodeZlib() === null ? "fflate" : "native";
}

export { fflateDeflate };
