/** CRC-32 as gzip (RFC 1952 section 8) and ZIP (APPNOTE 4.4.7) have it. */
import { nodeZlib } from "./node-zlib.ts";
import type { Crc32 } from "./packer.ts";

/** The reflected polynomial of RFC 1952 section 8. */
const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1 ? polynomial : 0) ^ (remainder >>> 1);
  return remainder;
});

/** CRC-32 by a table, for a Worker without native zlib. */
export const tableCrc32: Crc32 = (bytes, before) => {
  let crc = ~before;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
};

/** CRC-32 by the fastest way this Worker has; all ways give the same number, so no checkpoint names one. */
export const crc32: Crc32 = nodeZlib()?.crc32 ?? tableCrc32;
