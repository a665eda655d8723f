/** The runtime's own zlib, where there is one. */

import type { Crc32 } from "./packer.ts";

/** The part of `node:zlib` that the packers use. */
export interface NodeZlib {
  readonly deflateRawSync: (
    bytes: Uint8Array,
    options: { readonly level: number; readonly finishFlush: number; readonly chunkSize: number },
  ) => Uint8Array;
  readonly crc32: Crc32;
}

/**
 * The native zlib, or null in a Worker without `nodejs_compat`.
 *
 * Not an import: `node:zlib` as a static import keeps such a Worker from starting, and a dynamic one would make every
 * caller wait. workerd has no `process` without the flag, and `getBuiltinModule` with it (tried from compatibility date
 * 2024-09-23 on).
 */
export function nodeZlib(): NodeZlib | null {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return null;
  const zlib: Partial<NodeZlib> | undefined = process.getBuiltinModule("node:zlib");
  if (typeof zlib?.deflateRawSync !== "function" || typeof zlib.crc32 !== "function") return null;
  return { deflateRawSync: zlib.deflateRawSync, crc32: zlib.crc32 };
}
