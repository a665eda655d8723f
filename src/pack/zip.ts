/** ZIP that is written front to back: sizes stand behind each entry's data, and again in the directory at the end. */
import { chained } from "../../formats/kit/bytes.ts";
import { deflateBlocks, lastDeflateBlock, storedBlocks } from "./blocks.ts";
import type { Crc32, Deflate, Packer, PackerState } from "./packer.ts";
import { centralDirectory, dataDescriptor, dosTime, localHeader, type ZipEntry } from "./zip-records.ts";

/** What an archive is made with. The same options must come with the same state for the same bytes. */
export interface ZipOptions {
  /**
   * Null to store, which is done in stored blocks of deflate: a reader that goes front to back cannot know where an entry ends that is no
   * deflate at all, and Java's `ZipInputStream` and others refuse it.
   */
  readonly deflate: Deflate | null;
  readonly crc32: Crc32;
  /** 1 (fast) to 9 (small); of no use when stored. */
  readonly level: number;
  /** The time that all entries bear, in UTC (ZIP has no time zone). */
  readonly modified: Date;
}

type ZipState = {
  /** Bytes of the archive made so far. */
  readonly offset: number;
  /** Those that are done, a hundred at a time: one more of ten thousand must not copy all of them. */
  readonly entries: readonly (readonly ZipEntry[])[];
  /** The entry that bytes go into. */
  readonly current: ZipEntry | null;
};

/** Makes a packer of one ZIP archive. */
export function zipPacker({ deflate, crc32, level, modified }: ZipOptions): Packer {
  const time = dosTime(modified);
  /** States that were made here, and need not be looked through. */
  const made = new WeakSet<PackerState>();

  /** Bytes of one entry, and the entry after them. */
  function add(
    entry: ZipEntry,
    piece: Uint8Array,
  ): { readonly bytes: readonly Uint8Array[]; readonly entry: ZipEntry } {
    const bytes = [...(deflate === null ? storedBlocks(piece) : deflateBlocks(piece, deflate, level))];
    const crc = crc32(piece, entry.crc);
    return { bytes, entry: { ...entry, crc, size: entry.size + piece.length, packed: entry.packed + total(bytes) } };
  }

  /** What stands behind the data of the current entry, and the state after it. */
  function close(state: ZipState): { readonly bytes: readonly Uint8Array[]; readonly state: ZipState } {
    if (state.current === null) return { bytes: [], state };
    const entry = { ...state.current, packed: state.current.packed + lastDeflateBlock.length };
    const bytes = [lastDeflateBlock.slice(), dataDescriptor(entry)];
    const offset = state.offset + total(bytes);
    return { bytes, state: { offset, entries: appended(state.entries, entry), current: null } };
  }

  const isMade = (state: PackerState): state is ZipState => made.has(state);
  const known = (state: PackerState): ZipState => (isMade(state) ? state : parse(state));

  return {
    start: () => ({ offset: 0, entries: [], current: null }) satisfies ZipState,
    pack(before, pieces) {
      let state = known(before);
      const bytes: Uint8Array[] = [];
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) {
          if (state.current === null) {
            throw new TypeError(`Cannot pack ${piece.length} bytes into a ZIP: no entry has begun`);
          }
          const added = add(state.current, piece);
          bytes.push(...added.bytes);
          state = { ...state, offset: state.offset + total(added.bytes), current: added.entry };
        } else {
          const closed = close(state);
          const header = localHeader(piece.entry, time);
          bytes.push(...closed.bytes, header);
          const { offset } = closed.state;
          const current = { name: piece.entry, crc: 0, size: 0, packed: 0, offset };
          state = { ...closed.state, offset: offset + header.length, current };
        }
      }
      made.add(state);
      return { bytes, state };
    },
    finish(before) {
      const { bytes, state } = close(known(before));
      return chained([bytes, centralDirectory(state.entries, state.offset, time)]);
    },
  };
}

function total(bytes: readonly Uint8Array[]): number {
  return bytes.reduce((length, piece) => length + piece.length, 0);
}

/** Entries that stand together. */
const together = 100;

function appended(entries: ZipState["entries"], entry: ZipEntry): ZipState["entries"] {
  const last = entries.at(-1) ?? [];
  return last.length === 0 || last.length >= together
    ? [...entries, [entry]]
    : [...entries.slice(0, -1), [...last, entry]];
}

function parse({ offset, entries, current }: PackerState): ZipState {
  if (typeof offset === "number" && isGroups(entries) && (current === null || isEntry(current)))
    return { offset, entries, current };
  throw new TypeError("Cannot go on with a ZIP: the state is not one of this packer");
}

function isGroups(value: unknown): value is ZipState["entries"] {
  return Array.isArray(value) && value.every((group) => Array.isArray(group) && group.every(isEntry));
}

function isEntry(value: unknown): value is ZipEntry {
  if (typeof value !== "object" || value === null) return false;
  const { name, crc, size, packed, offset }: { [key in keyof ZipEntry]?: unknown } = value;
  return typeof name === "string" && [crc, size, packed, offset].every((number) => typeof number === "number");
}
