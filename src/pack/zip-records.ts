/** The records of a ZIP file, as PKWARE's APPNOTE.TXT 6.3.10 has them. */

/** One entry, while it is written and after. */
export type ZipEntry = {
  readonly name: string;
  readonly crc: number;
  /** Bytes before deflating. */
  readonly size: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Where its local header stands, bytes from the start of the archive. */
  readonly offset: number;
};

/** A little-endian field (APPNOTE 4.4.1.1), by its width in bytes, or bytes as they are. */
type Field = readonly [width: 2 | 4 | 8, value: number] | Uint8Array;

const encoder = new TextEncoder();

/** What it takes to read an entry: deflate is 2.0, ZIP64 is 4.5 (APPNOTE 4.4.3.2). */
const versionDeflate = 20;
const versionZip64 = 45;
/** In the upper byte 3 for Unix, whose file mode stands in the external attributes. */
const madeBy = (3 << 8) | versionZip64;
/** All is deflated, be it in blocks that are stored (APPNOTE 4.4.5). */
const deflated = 8;
/** A regular file, rw-r--r--. */
const unixMode = 0o100644 * 2 ** 16;
/** Bit 3: sizes follow in a data descriptor; bit 11: the name is UTF-8 (APPNOTE 4.4.4). */
const flags = (1 << 3) | (1 << 11);
/** What stands in a narrow field whose value is to be found in a ZIP64 one (APPNOTE 4.4.1.4). */
const inZip64Of16 = 0xffff;
const inZip64Of32 = 0xffffffff;
const zip64Extra = 0x0001;

/**
 * The local header (APPNOTE 4.3.7), at a time as `dosTime` gives it. Nothing is known yet of crc and sizes, so none of them stands there, and no ZIP64 field either: readers
 * that go front to back refuse it, or take the descriptor for one of another width.
 */
export function localHeader(name: string, time: number): Uint8Array {
  const nameBytes = encodeName(name);
  return record(
    [4, 0x04034b50],
    [2, versionDeflate],
    [2, flags],
    [2, deflated],
    [4, time],
    [4, 0],
    [4, 0],
    [4, 0],
    [2, nameBytes.length],
    [2, 0],
    nameBytes,
  );
}

/**
 * The data descriptor with its signature (APPNOTE 4.3.9). Its sizes take 8 bytes each only where 4 do not hold them, as Go's archive/zip writes
 * it: a reader that goes by the directory does not look here, and one that goes front to back knows by then how much it has read.
 */
export function dataDescriptor({ crc, packed, size }: ZipEntry): Uint8Array {
  const bytes = Math.max(packed, size) >= inZip64Of32 ? 8 : 4;
  return record([4, 0x08074b50], [4, crc], [bytes, packed], [bytes, size]);
}

/**
 * The central directory and its end, for a directory that begins at `offset`. ZIP64 fields stand only where a value
 * needs them.
 */
export function* centralDirectory(
  groups: readonly (readonly ZipEntry[])[],
  offset: number,
  time: number,
): Iterable<Uint8Array> {
  let [count, length] = [0, 0];
  for (const entries of groups) {
    const headers = record(...entries.map((entry) => centralHeader(entry, time)));
    count += entries.length;
    length += headers.length;
    yield headers;
  }
  yield record(...directoryEnd(count, length, offset));
}

/** Date and time in two seconds' steps, UTC, held within what the format can say: 1980 to 2107 (APPNOTE 4.4.6). */
export function dosTime(modified: Date): number {
  const first = Date.UTC(1980, 0, 1);
  const last = Date.UTC(2107, 11, 31, 23, 59, 58);
  const at = new Date(Math.min(Math.max(modified.getTime(), first), last));
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return date * 2 ** 16 + time;
}

/** APPNOTE 4.3.12. */
function centralHeader(entry: ZipEntry, time: number): Uint8Array {
  const nameBytes = encodeName(entry.name);
  // APPNOTE 4.5.3: only the fields that do not fit, in this order.
  const wide = [entry.size, entry.packed, entry.offset].filter((value) => value >= inZip64Of32);
  const values = wide.map((value): Field => [8, value]);
  const extra = wide.length === 0 ? new Uint8Array() : record([2, zip64Extra], [2, wide.length * 8], ...values);
  return record(
    [4, 0x02014b50],
    [2, madeBy],
    [2, wide.length === 0 ? versionDeflate : versionZip64],
    [2, flags],
    [2, deflated],
    [4, time],
    [4, entry.crc],
    [4, Math.min(entry.packed, inZip64Of32)],
    [4, Math.min(entry.size, inZip64Of32)],
    [2, nameBytes.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, unixMode],
    [4, Math.min(entry.offset, inZip64Of32)],
    nameBytes,
    extra,
  );
}

/** The end record (APPNOTE 4.3.16), with a ZIP64 one and its locator in front (4.3.14, 4.3.15) where it needs them. */
function directoryEnd(count: number, size: number, offset: number): readonly Uint8Array[] {
  const count16 = Math.min(count, inZip64Of16);
  const size32 = Math.min(size, inZip64Of32);
  const offset32 = Math.min(offset, inZip64Of32);
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, count16], [2, count16], [4, size32], [4, offset32], [2, 0]);
  if (count16 < inZip64Of16 && size32 < inZip64Of32 && offset32 < inZip64Of32) return [end];
  // 44: what follows the length field itself.
  const head: readonly Field[] = [
    [4, 0x06064b50],
    [8, 44],
    [2, madeBy],
    [2, versionZip64],
    [4, 0],
    [4, 0],
  ];
  const end64 = record(...head, [8, count], [8, count], [8, size], [8, offset]);
  const locator = record([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]);
  return [end64, locator, end];
}

function encodeName(name: string): Uint8Array {
  const bytes = encoder.encode(name);
  if (bytes.length > 0xffff) {
    throw new RangeError(`Cannot begin a ZIP entry: its name is ${bytes.length} bytes, at most 65535 fit`);
  }
  return bytes;
}

function record(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((length, field) => length + width(field), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    if (field instanceof Uint8Array) bytes.set(field, at);
    else if (field[0] === 2) view.setUint16(at, field[1], true);
    else if (field[0] === 4) view.setUint32(at, field[1], true);
    else view.setBigUint64(at, BigInt(field[1]), true);
    at += width(field);
  }
  return bytes;
}

function width(field: Field): number {
  return field instanceof Uint8Array ? field.length : field[0];
}
