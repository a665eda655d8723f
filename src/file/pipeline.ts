/**
 * The chain: pages → encoder → packer → bytes. Written once; a download is one unbounded slice of it, a job many.
 *
 * A step is a pure function of the position: it says what bytes come next and where they end. So whoever drives it may
 * stop after any step and go on from there, and nothing is read before it is asked for.
 */
import { coalesced, utf8 } from "../../formats/kit/bytes.ts";
import { quoteName } from "../../formats/kit/expression.ts";
import type { ComputedSegment, FormatState, RowTotals, Table } from "../../formats/format.ts";
import { KiB } from "../base/units.ts";
import { ExportError } from "../errors.ts";
import { FormatBytes, type Content, type FileState } from "./format-bytes.ts";
import type { FileSegment, Layout } from "./layout.ts";
import type { Packer, PackerState } from "../pack/packer.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { RowsSegment } from "../reader/rendered-page.ts";
import type { Source } from "../reader/source.ts";

/** Parts of a file, which are small, that are made of what was read before between two yields: about 5 ms. */
export const madePerTurn = 400;

/** Bytes after which one step of the pipeline is handed on: small pages are gathered, a large one goes alone. */
export const stepBytes = 64 * KiB;

/** Bytes that are packed together at least, if there are as many: a deflate block. */
const packedPiece = 256 * KiB;

/** Everything that the rest of the file depends on; plain data. */
export interface Position {
  /** Index of the segment that comes next. */
  readonly segment: number;
  /** Inside that segment, if it is rows. */
  readonly at: Cursor | null;
  /** Rows of each table that is done, in order, and how many of its values the format wrote with a loss. */
  readonly counts: readonly number[];
  readonly lossy: readonly number[];
  readonly file: FileState;
  readonly packer: PackerState;
  readonly isDone: boolean;
}

/** How far a file has been read. */
export type Read = Omit<Position, "file" | "packer">;

/** What one step gives. All reading is over when it is there. */
interface Step {
  /** What comes next, made as it is asked for: of a large row only what is stored is ever there as a whole. To be taken once. */
  readonly bytes: Iterable<Uint8Array>;
  readonly read: Read;
  /** Where the next step begins; bytes that were not taken are passed over. */
  readonly position: Position;
  /** Bytes rendered, before they were packed, as far as they were taken. */
  readonly rendered: number;
}

/** Steps through one file. */
export interface Pipeline {
  readonly start: () => Position;
  /** The next step: at least one page, or text, or the end of the file. Synchronous. */
  readonly step: (from: Position) => Step;
  /** One line for each table that is done and held values that the format wrote with a loss. */
  readonly warnings: (at: Position) => readonly string[];
}

/** Puts the chain together. */
export function createPipeline(
  source: Source,
  { segments, state }: Pick<Layout, "segments" | "state">,
  packer: Packer,
): Pipeline {
  return {
    start: () => ({
      segment: 0,
      at: null,
      counts: [],
      lossy: [],
      file: { offset: 0, state },
      packer: packer.start(),
      isDone: false,
    }),
    step(from) {
      const { pieces, read } = encode(source, segments, from);
      if (read.isDone) source.verify();
      return new PackedStep(packer, from, pieces, read);
    },
    warnings: ({ lossy }) => warningsOf(segments, lossy),
  };
}

/** Encodes segments, or one page, until a step is full. */
function encode(source: Source, segments: readonly FileSegment[], from: Position) {
  let { segment: index, at } = from;
  const [counts, lossy] = [[...from.counts], [...from.lossy]]; // copied once, and not for each table
  const pieces: (EntryStart | Content[])[] = [[]];
  const added = { bytes: 0 };
  const add = (content: Content, more: number) => {
    const open = pieces.at(-1);
    if (Array.isArray(open)) open.push(content);
    added.bytes += more;
  };
  for (let segment = segments[index]; segment !== undefined && added.bytes < stepBytes; segment = segments[index]) {
    if (segment.kind === "entry") {
      pieces.push({ entry: segment.name, state: segment.state }, []);
      index++;
    } else if (segment.kind === "text") {
      const { text } = segment;
      const written = typeof text === "function" ? text(totalsOf(segments, counts, lossy)) : text;
      const bytes = typeof written === "string" ? utf8(written) : written;
      add([bytes], bytes.length);
      index++;
    } else if (segment.kind === "computed") {
      add(computed(segment, totalsOf(segments, counts, lossy)), 0); // its size is not known yet
      index++;
    } else {
      const before: { readonly rows: number; readonly lossy: number } = at ?? { rows: 0, lossy: 0 };
      const page = source.page(segment, at, counts.length);
      add(page.encode ?? page.bytes, page.size);
      at = page.next;
      if (at === null) {
        counts.push(before.rows + page.rows);
        lossy.push(before.lossy + page.lossy);
        index++;
      }
    }
  }
  return { pieces, read: { segment: index, at, counts, lossy, isDone: index === segments.length } };
}

/** Throws `data_unreadable` where the format cannot make it. */
function computed(segment: ComputedSegment, totals: RowTotals): Content {
  return (state, offset) => {
    try {
      return segment.compute(state, { ...totals, offset });
    } catch (cause) {
      if (cause instanceof ExportError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new ExportError("data_unreadable", `Cannot write the file: ${message}`, { cause });
    }
  };
}

/** The beginning of an archive's entry, and of its format's state. */
interface EntryStart {
  readonly entry: string;
  readonly state: FormatState;
}

/** Packs what was read. Neighbouring bytes go into the packer together, as each piece makes a deflate block of its own. */
class PackedStep implements Step {
  readonly read: Read;
  readonly bytes: Iterable<Uint8Array>;
  rendered = 0;
  readonly #packer: Packer;
  readonly #pieces: readonly (EntryStart | readonly Content[])[];
  readonly #format: FormatBytes;
  #state: PackerState;

  constructor(packer: Packer, from: Position, pieces: readonly (EntryStart | readonly Content[])[], read: Read) {
    this.#packer = packer;
    this.#format = new FormatBytes(from.file);
    this.#state = from.packer;
    this.#pieces = pieces;
    this.read = read;
    this.bytes = this.#pack();
  }

  get position(): Position {
    for (const _ of this.bytes); // the state is the one behind all of them
    return { ...this.read, file: this.#format.file, packer: this.#state };
  }

  *#pack(): Generator<Uint8Array> {
    for (const piece of this.#pieces) {
      const isEntry = "entry" in piece;
      if (isEntry) this.#format.begin(piece.state);
      for (const one of isEntry ? [{ entry: piece.entry }] : coalesced(this.#format.write(piece), packedPiece)) {
        if (one instanceof Uint8Array) this.rendered += one.length;
        const { bytes, state } = this.#packer.pack(this.#state, [one]);
        this.#state = state;
        yield* bytes;
      }
    }
    if (this.read.isDone) yield* this.#packer.finish(this.#state);
  }
}

/** The segments of a file that are rows, in the order of `Position.counts`. */
export function rowSegments(segments: readonly FileSegment[]): readonly RowsSegment[] {
  return segments.filter((segment) => segment.kind === "rows");
}

/** The tables whose rows a file holds, in the same order. */
export function countedTables(segments: readonly FileSegment[]): readonly Table[] {
  return rowSegments(segments).map((segment) => segment.table);
}

function warningsOf(segments: readonly FileSegment[], lossy: readonly number[]): readonly string[] {
  return rowSegments(segments).flatMap(({ table, rows }, at) => {
    const count = lossy[at] ?? 0;
    return count === 0 ? [] : [`Table ${quoteName(table.name)}: ${count} ${rows().lossy?.what ?? ""}`];
  });
}

function totalsOf(segments: readonly FileSegment[], counts: readonly number[], lossy: readonly number[]): RowTotals {
  const own = (name: string, kind: string) => kind !== "shadow" && !/^sqlite_/i.test(name);
  const tables = countedTables(segments).flatMap((table, at) =>
    own(table.name, table.kind) ? [{ name: table.name, rows: counts[at] ?? 0 }] : [],
  );
  return {
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    allRows: counts.reduce((sum, rows) => sum + rows, 0),
    tables,
    warnings: warningsOf(segments, lossy),
  };
}
