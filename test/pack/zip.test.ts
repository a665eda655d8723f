import { Unzip, UnzipInflate, UnzipPassThrough, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { crc32, tableCrc32 } from "../../src/pack/crc32.ts";
import { fflateDeflate, nativeDeflate } from "../../src/pack/deflate.ts";
import type { Piece } from "../../src/pack/packer.ts";
import { zipPacker, type ZipOptions } from "../../src/pack/zip.ts";
import { digest, insertText, noise, packSliced, packWhole } from "../support/pack-samples.ts";

const GiB = 2 ** 30;
const options: ZipOptions = { deflate: nativeDeflate, crc32, level: 6, modified: new Date("2024-01-02T17:00:42.900Z") };

const text = insertText(400_000);
const files: Readonly<Record<string, readonly Uint8Array[]>> = {
  "users.csv": [text.subarray(0, 1000), text.subarray(1000)],
  "empty.csv": [],
  "emptier.csv": [new Uint8Array()],
  "größe/表.csv": [noise(300_000)],
  "schema.sql": [new TextEncoder().encode("CREATE TABLE t(a);\n")],
};
const pieces: readonly Piece[] = Object.entries(files).flatMap(([entry, content]) => [{ entry }, ...content]);

/** Reads front to back, by local headers and data descriptors alone. */
function streamed(zip: Uint8Array): Record<string, Uint8Array> {
  const read: Record<string, Uint8Array> = {};
  const unzip = new Unzip((file) => {
    const content: Uint8Array[] = [];
    file.ondata = (error, data, final) => {
      if (error !== null) throw error;
      content.push(data);
      if (final) read[file.name] = concatBytes(content);
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  unzip.register(UnzipPassThrough);
  unzip.push(zip, true);
  return read;
}

function digests(read: Readonly<Record<string, Uint8Array>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(read).map(([name, content]) => [name, digest(content)]));
}

const expected = digests(
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, concatBytes(content)])),
);

/** The last place of a record's signature. */
function lastRecord(zip: Uint8Array, signature: number): DataView {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let at = zip.length - 4; at >= 0; at--) {
    if (view.getUint32(at, true) === signature) return new DataView(zip.buffer, zip.byteOffset + at);
  }
  throw new Error(`No record ${signature.toString(16)} in the archive`);
}

describe.each([
  ["native", { ...options }],
  ["fflate", { ...options, deflate: fflateDeflate, crc32: tableCrc32, level: 1 }],
  ["stored", { ...options, deflate: null }],
])("zipPacker, %s", (_, made) => {
  const packer = zipPacker(made);

  it("is read by its directory", () => {
    expect(digests(unzipSync(packWhole(packer, pieces)))).toEqual(expected);
  });

  it("gives the same bytes however it is interrupted", () => {
    const whole = digest(packWhole(packer, pieces));
    for (let piecesPerCall = 1; piecesPerCall <= pieces.length; piecesPerCall++) {
      expect(digest(packSliced(packer, pieces, piecesPerCall))).toEqual(whole);
    }
  });

  it("gives an archive without entries for nothing", () => {
    expect(unzipSync(packWhole(packer, []))).toEqual({});
  });
});

describe("zipPacker", () => {
  const packer = zipPacker(options);

  it("is read front to back when deflated", () => {
    expect(digests(streamed(packWhole(packer, pieces)))).toEqual(expected);
  });

  it("takes many entries, beyond what the end record can count", () => {
    const entries = Array.from({ length: 65_537 }, (_, at) => ({ entry: `t${at}` }));
    const zip = concatBytes([
      ...packer.finish({ offset: 0, entries: [entries.map(({ entry }) => finished(entry))], current: null }),
    ]);
    expect(lastRecord(zip, 0x06054b50).getUint16(10, true)).toBe(0xffff);
    expect(lastRecord(zip, 0x06064b50).getBigUint64(32, true)).toBe(65_537n);
    const few = packWhole(packer, entries.slice(0, 500));
    expect(Object.keys(unzipSync(few))).toEqual(entries.slice(0, 500).map(({ entry }) => entry));
    expect(() => lastRecord(few, 0x06064b50)).toThrow("No record");
  });

  it("writes sizes and places beyond 4 GiB as ZIP64", () => {
    const current = { name: "large.csv", crc: 0, size: 9 * GiB, packed: 5 * GiB, offset: 6 * GiB };
    const before = { offset: 12 * GiB, entries: [[finished("small.csv")]], current };
    const added = packer.pack(before, [noise(100)]);
    const packed = concatBytes(added.bytes).length;
    const end = concatBytes([...packer.finish(added.state)]);

    // The end of the deflated data, then the descriptor: signature, CRC, packed size, size.
    const descriptor = new DataView(end.buffer, 2);
    expect(descriptor.getUint32(0, true)).toBe(0x08074b50);
    expect(descriptor.getBigUint64(8, true)).toBe(BigInt(5 * GiB + packed + 2));
    expect(descriptor.getBigUint64(16, true)).toBe(BigInt(9 * GiB + 100));

    const header = lastRecord(end, 0x02014b50);
    expect(header.getUint32(20, true)).toBe(0xffffffff);
    expect(header.getUint32(24, true)).toBe(0xffffffff);
    expect(header.getUint32(42, true)).toBe(0xffffffff);
    const extra = 46 + "large.csv".length;
    expect([header.getUint16(extra, true), header.getUint16(extra + 2, true)]).toEqual([1, 24]);
    expect(header.getBigUint64(extra + 4, true)).toBe(BigInt(9 * GiB + 100));
    expect(header.getBigUint64(extra + 12, true)).toBe(BigInt(5 * GiB + packed + 2));
    expect(header.getBigUint64(extra + 20, true)).toBe(BigInt(6 * GiB));

    const directory = BigInt(12 * GiB + packed + 2 + 24);
    const size = BigInt(46 + "small.csv".length + extra + 4 + 24);
    const end64 = lastRecord(end, 0x06064b50);
    expect([end64.getBigUint64(24, true), end64.getBigUint64(32, true)]).toEqual([2n, 2n]);
    expect([end64.getBigUint64(40, true), end64.getBigUint64(48, true)]).toEqual([size, directory]);
    expect(lastRecord(end, 0x07064b50).getBigUint64(8, true)).toBe(directory + size);
    expect(lastRecord(end, 0x06054b50).getUint32(16, true)).toBe(0xffffffff);
  });

  it.each([
    [{ size: 2 ** 32 - 2, packed: 2 ** 32 - 2 }, 0],
    [{ size: 2 ** 32 - 1, packed: 10 }, 12],
    [{ size: 2 ** 32, packed: 2 ** 32 }, 20],
  ])("writes only those ZIP64 fields that are needed: %o", (sizes, length) => {
    const entries = [[{ ...finished("t"), ...sizes }]];
    const header = lastRecord(concatBytes([...packer.finish({ offset: 100, entries, current: null })]), 0x02014b50);
    expect(header.getUint16(30, true)).toBe(length);
  });

  it.each([
    ["2024-01-02T17:00:42.900Z", "2024-01-02T17:00:42Z"],
    ["1970-01-01T00:00:00Z", "1980-01-01T00:00:00Z"],
    ["2200-06-01T00:00:00Z", "2107-12-31T23:59:58Z"],
  ])("writes the time %s as %s", (modified, written) => {
    const zip = packWhole(zipPacker({ ...options, modified: new Date(modified) }), [{ entry: "a" }]);
    for (const [signature, at] of [[0x04034b50, 10] as const, [0x02014b50, 12] as const]) {
      const record = lastRecord(zip, signature);
      const [time, date] = [record.getUint16(at, true), record.getUint16(at + 2, true)];
      const days = Date.UTC((date >> 9) + 1980, ((date >> 5) & 15) - 1, date & 31);
      const seconds = (time >> 11) * 3600 + ((time >> 5) & 63) * 60 + (time & 31) * 2;
      expect(new Date(days + seconds * 1000)).toEqual(new Date(written));
    }
  });

  it("does not change a state: the same call gives the same bytes again", () => {
    const state = packer.pack(packer.start(), [...pieces, { entry: "last" }]).state;
    const before = JSON.stringify(state);
    const first = packer.pack(state, [text, { entry: "more" }, noise(10)]);
    expect(packer.pack(state, [text, { entry: "more" }, noise(10)])).toEqual(first);
    expect([...packer.finish(state)]).toEqual([...packer.finish(state)]);
    expect(JSON.stringify(state)).toBe(before);
  });

  it("refuses bytes before any entry, a name that is too long, and a state that is not its own", () => {
    expect(() => packer.pack(packer.start(), [noise(3)])).toThrow(TypeError);
    expect(() => packer.pack(packer.start(), [{ entry: "ü".repeat(32_768) }])).toThrow(RangeError);
    expect(() => packer.pack({ crc: 0, length: 0, started: true }, [])).toThrow(TypeError);
    expect(() => packer.finish({ offset: 0, entries: [[{}]], current: null })).toThrow(TypeError);
  });
});

function finished(name: string) {
  return { name, crc: 0, size: 0, packed: 2, offset: 0 };
}
