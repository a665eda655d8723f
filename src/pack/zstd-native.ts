/** Compresses by the runtime's zstd. */
import { nodeZstd } from "./node-zlib.ts";
import type { ZstdCompress } from "./zstd-blocks.ts";

/** Why there is no zstd, where there is none, and what helps. */
export const noZstd =
  "this Worker has no zstd: there is no zstdCompressSync in its node:zlib, for which it needs the compatibility flag nodejs_compat";

/** `ZSTD_c_compressionLevel` and `ZSTD_e_flush` of zstd.h. */
const [compressionLevel, flush] = [100, 1];

/**
 * Compresses a chunk at a level from 1 (fast) to 9 (small). Flushed, so that none of its blocks is the last; workerd refuses an ended frame
 * beyond 40 KiB (api/node/zlib-util.c++:938: what does not fit into its first buffer is "Unexpected end of file").
 */
export function nativeZstd(level: number): ZstdCompress {
  const zstd = nodeZstd();
  if (zstd === null) throw new TypeError(`Cannot compress: ${noZstd}`);
  if (!Number.isInteger(level) || level < 1 || level > 9)
    throw new RangeError(`Cannot compress at level ${level}: expected 1 to 9`);
  return (bytes) =>
    zstd.zstdCompressSync(bytes, {
      params: { [compressionLevel]: level },
      pledgedSrcSize: bytes.length, // tables of the right size
      finishFlush: flush,
    });
}
