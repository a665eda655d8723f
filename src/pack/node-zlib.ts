/** The runtime's own zlib and zstd, where there are such. */

import type { Crc32 } from "./packer.ts";

/** The part of `node:zlib` that the packers use. */
export interface NodeZlib {
  readonly deflateRawSync: (
    bytes: Uint8Array,
    options: { readonly level: number; readonly finishFlush: number; readonly chunkSize: number },
  ) => Uint8Array;
  readonly crc32: Crc32;
}

/** The part for zstd, which older versions of workerd, and of Node, do not have. */
export interface NodeZstd {
  readonly zstdCompressSync: (
    bytes: Uint8Array,
    options: {
      readonly params: Readonly<Record<number, number>>;
      readonly pledgedSrcSize: number;
      readonly finishFlush: number;
    },
  ) => Uint8Array;
}

/**
 * `node:zlib`, or nothing in a Worker without `nodejs_compat`.
 *
 * Not an import: `node:zlib` as a static import keeps such a Worker from starting, and a dynamic one would make every
 * caller wait. workerd has no `process` without the flag, and `getBuiltinModule` with it (tried from compatibility date
 * 2024-09-23 on).
 */
function builtin(): Partial<NodeZlib & NodeZstd> | undefined {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return undefined;
  return process.getBuiltinModule("node:zlib");
}

/** The native zlib, or null where there is none. */
export function nodeZlib(): NodeZlib | null {
  const zlib = builtin();
  if (typeof zlib?.deflateRawSync !== "function" || typeof zlib.crc32 !== "function") return null;
  return { deflateRawSync: zlib.deflateRawSync, crc32: zlib.crc32 };
}

/** The native zstd, or null where there is none. */
export function nodeZstd(): NodeZstd | null {
  const zstd = builtin();
  return typeof zstd?.zstdCompressSync === "function" ? { zstdCompressSync: zstd.zstdCompressSync } : null;
}
