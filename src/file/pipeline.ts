/**
 * The chain: pages → encoder → packer → bytes. Written once; a download is one unbounded slice of it, a job many.
 *
 * A step is a pure function of the position: it says what bytes come next and where they end. So whoever drives it may
 * stop after any step and go on from there, and nothing is read before it is asked for.
 */
import { chained, coalesced, utf8 } from "../../formats/kit/bytes.ts";
import { quoteName } from "../../formats/kit/expression.ts";
import type { Totals } from "../../formats/format.ts";
import { packedPiece, stepBytes } from "../limits.ts";
import type { Part } from "./layout.ts";
import type { Entry, Packer, PackerState } from "../pack/packer.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { Source } from "../reader/source.ts";

/** Everything that the rest of the file depends on; plain data. */
export interface Position {
  /** Index of the part that comes next. */
  readonly part: number;
  /** Inside that part, if it is rows. */
  readonly at: Cursor | null;
  /** Rows of each table that is done, in order, and how many of its values the format noted. */
  readonly counts: readonly number[];
  readonly noted: readonly number[];
  readonly packer: PackerState;
  readonly isDone: boolean;
}

/** How far a file has been read. */
export type Read = Omit<Position, "packer">;

/** What one step gives. All reading is over when it is there. */
export interface Step {
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
  /** One line for each table that is done and held values that the format noted. */
  readonly warnings: (at: Position) => readonly string[];
}

/** Puts the chain together. */
export function createPipeline(source: Source, parts: readonly Part[], packer: Packer): Pipeline {
  return {
    start: () => ({ part: 0, at: null, counts: [], noted: [], packer: packer.start(), isDone: false }),
    step(from) {
      const { pieces, read } = encode(source, parts, from);
      if (read.isDone) source.verify();
      return new PackedStep(packer, from.packer, pieces, read);
    },
    warnings: ({ noted }) => warningsOf(parts, noted),
  };
}

/** Encodes parts, or one page, until a step is full. */
function encode(source: Source, parts: readonly Part[], from: Position) {
  let { part: index, at } = from;
  const [counts, noted] = [[...from.counts], [...from.noted]]; // copied once, and not for each table
  const pieces: (Entry | Iterable<Uint8Array>[])[] = [[]];
  const added = { bytes: 0 };
  const add = (bytes: Iterable<Uint8Array>, more: number) => {
    const open = pieces.at(-1);
    if (Array.isArray(open)) open.push(bytes);
    added.bytes += more;
  };
  for (let part = parts[index]; part !== undefined && added.bytes < stepBytes; part = parts[index]) {
    if (part.kind === "entry") {
      pieces.push({ entry: part.name }, []);
      index++;
    } else if (part.kind === "text") {
      const text = utf8(typeof part.text === "string" ? part.text : part.text(totalsOf(parts, counts, noted)));
      add([text], text.length);
      index++;
    } else {
      const before: { readonly rows: number; readonly noted: number } = at ?? { rows: 0, noted: 0 };
      const page = source.page(part, at, counts.length);
      add(page.bytes, page.size);
      at = page.next;
      if (at === null) {
        counts.push(before.rows + page.rows);
        noted.push(before.noted + page.noted);
        index++;
      }
    }
  }
  return { pieces, read: { part: index, at, counts, noted, isDone: index === parts.length } };
}

/** Packs what was read. Neighbouring bytes go into the packer together, as each piece makes a deflate block of its own. */
class PackedStep implements Step {
  readonly read: Read;
  readonly bytes: Iterable<Uint8Array>;
  rendered = 0;
  readonly #packer: Packer;
  readonly #pieces: readonly (Entry | readonly Iterable<Uint8Array>[])[];
  #state: PackerState;

  constructor(
    packer: Packer,
    state: PackerState,
    pieces: readonly (Entry | readonly Iterable<Uint8Array>[])[],
    read: Read,
  ) {
    this.#packer = packer;
    this.#state = state;
    this.#pieces = pieces;
    this.read = read;
    this.bytes = this.#pack();
  }

  get position(): Position {
    for (const _ of this.bytes); // the state is the one behind all of them
    return { ...this.read, packer: this.#state };
  }

  *#pack(): Generator<Uint8Array> {
    for (const piece of this.#pieces) {
      for (const one of "entry" in piece ? [piece] : coalesced(chained(piece), packedPiece)) {
        if (one instanceof Uint8Array) this.rendered += one.length;
        const { bytes, state } = this.#packer.pack(this.#state, [one]);
        this.#state = state;
        yield* bytes;
      }
    }
    if (this.read.isDone) yield* this.#packer.finish(this.#state);
  }
}

type Rows = Extract<Part, { kind: "rows" }>;

function rowsOf(parts: readonly Part[]): readonly Rows[] {
  return parts.filter((part) => part.kind === "rows");
}

/** The parts of a file that are rows, each with its place in `Position.counts`. */
export function placesOf(parts: readonly Part[]): readonly (readonly [number, Rows])[] {
  return rowsOf(parts).map((part, place) => [place, part]);
}

/** The tables whose rows a file holds, in the order of `Position.counts`. */
export function countedTables(parts: readonly Part[]) {
  return rowsOf(parts).map((part) => part.table);
}

function warningsOf(parts: readonly Part[], noted: readonly number[]): readonly string[] {
  return rowsOf(parts).flatMap(({ table, rows }, at) => {
    const count = noted[at] ?? 0;
    return count === 0 ? [] : [`Table ${quoteName(table.name)}: ${count} ${rows().noted?.what ?? ""}`];
  });
}

function totalsOf(parts: readonly Part[], counts: readonly number[], noted: readonly number[]): Totals {
  const own = (name: string, kind: string) => kind !== "shadow" && !/^sqlite_/i.test(name);
  const tables = countedTables(parts).flatMap((table, at) =>
    own(table.name, table.kind) ? [{ name: table.name, rows: counts[at] ?? 0 }] : [],
  );
  return {
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    written: counts.reduce((sum, rows) => sum + rows, 0),
    tables,
    warnings: warningsOf(parts, noted),
  };
}
