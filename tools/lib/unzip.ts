/** Entries of a ZIP file of any size, by its central directory (APPNOTE 4.3), each as a stream. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";

/** One file in an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  stream(): Readable;
}

const tailBytes = 65_557 + 76; // the longest comment, and the ZIP64 records in front of it

/** Reads an archive's directory. */
export async function zipEntries(path: string): Promise<readonly ZipEntry[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number) => (await file.read(Buffer.alloc(length), 0, length, at)).buffer;
    const tail = await read(Math.max(0, size - tailBytes), Math.min(size, tailBytes));
    const end = tail.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
    if (end === -1) throw new Error(`${path} is no whole ZIP archive: its end record is missing`);
    let [at, length] = [tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12)];
    const end64 = tail.lastIndexOf("PK\u0006\u0006", undefined, "latin1");
    if (end64 !== -1)
      [at, length] = [Number(tail.readBigUInt64LE(end64 + 48)), Number(tail.readBigUInt64LE(end64 + 40))];
    const directory = await read(at, length);
    const entries: ZipEntry[] = [];
    for (let next = 0; next < directory.length;) {
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
        directory.readUInt16LE(next + field),
      );
      const name = directory.toString("utf8", next + 46, next + 46 + (nameLength ?? 0));
      const extra = directory.subarray(
        next + 46 + (nameLength ?? 0),
        next + 46 + (nameLength ?? 0) + (extraLength ?? 0),
      );
      const [fullSize, packed, offset] = sizes(directory, next, extra);
      const header = await read(offset, 30);
      const from = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
      const method = directory.readUInt16LE(next + 10);
      entries.push({
        name,
        size: fullSize,
        stream() {
          if (packed === 0) return Readable.from([]);
          const raw = createReadStream(path, { start: from, end: from + packed - 1 });
          return method === 0 ? raw : raw.compose(createInflateRaw());
        },
      });
      next += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
    }
    return entries;
  } finally {
    await file.close();
  }
}

/** Size, packed size and offset; those beyond 32 bits stand in the ZIP64 field, in this order (APPNOTE 4.5.3). */
function sizes(directory: Buffer, at: number, extra: Buffer): [number, number, number] {
  let wide = 4;
  for (; wide < extra.length && extra.readUInt16LE(wide - 4) !== 1; wide += 4 + extra.readUInt16LE(wide - 2));
  const value = (field: number) => {
    const short = directory.readUInt32LE(at + field);
    if (short !== 0xffffffff) return short;
    wide += 8;
    return Number(extra.readBigUInt64LE(wide - 8));
  };
  return [value(24), value(20), value(42)];
}
