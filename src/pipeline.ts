/**
 * The chain: pages → encoder → packer → bytes. Written once; a download is one unbounded slice of it, a job many.
 *
 * A step is a pure function of the position: it says what bytes come next and where they end. So whoever drives it may
 * stop after any step and go on from there, and nothing is read before it is asked for.
 */
import { gather, utf8 } from "../formats/bytes.ts";
import { quoteName } from "../formats/expression.ts";
import type { Totals } from "../formats/format.ts";
import { largePiece, stepBytes } from "./limits.ts";
import type { Part } from "./layout.ts";
import type { Packer, PackerState, Piece } from "./pack/packer.ts";
import type { Cursor } from "./source/cursor.ts";
import type { Source } from "./source/source.ts";

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

/** What one step gave. */
export interface Step {
  readonly bytes: readonly Uint8Array[];
  readonly position: Position;
  /** Bytes rendered, before they were packed. */
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
      const { pieces, rendered, position } = encode(source, parts, from);
      const packed = packer.pack(from.packer, pieces);
      const isDone = position.part === parts.length;
      if (isDone) source.verify();
      return {
        bytes: isDone ? [...packed.bytes, ...packer.finish(packed.state)] : packed.bytes,
        position: { ...position, packer: packed.state, isDone },
        rendered,
      };
    },
    warnings: ({ noted }) => warningsOf(parts, noted),
  };
}

/** Encodes parts, or one page, until a step is full. */
function encode(source: Source, parts: readonly Part[], from: Position) {
  let { part: index, at, counts, noted } = from;
  const gathered = new Gathered();
  for (let part = parts[index]; part !== undefined && gathered.bytes < stepBytes; part = parts[index]) {
    if (part.kind === "entry") {
      gathered.entry(part.name);
      index++;
    } else if (part.kind === "text") {
      gathered.add([utf8(typeof part.text === "string" ? part.text : part.text(totalsOf(parts, counts, noted)))]);
      index++;
    } else {
      const before: { readonly rows: number; readonly noted: number } = at ?? { rows: 0, noted: 0 };
      const page = source.page(part, at, counts.length);
      gathered.add(page.bytes);
      at = page.next;
      if (at === null) {
        counts = [...counts, before.rows + page.rows];
        noted = [...noted, before.noted + page.noted];
        index++;
      }
    }
  }
  return { pieces: gathered.pieces(), rendered: gathered.bytes, position: { part: index, at, counts, noted } };
}

/** Pieces for the packer, with neighbouring bytes in one, as each makes a deflate block of its own; but what is large is not copied. */
class Gathered {
  bytes = 0;
  readonly #pieces: Piece[] = [];
  #open: Uint8Array[] = [];

  add(bytes: readonly Uint8Array[]): void {
    for (const part of bytes) {
      if (part.length === 0) continue;
      this.#open.push(part);
      this.bytes += part.length;
    }
  }

  entry(name: string): void {
    this.#close();
    this.#pieces.push({ entry: name });
  }

  pieces(): readonly Piece[] {
    this.#close();
    return this.#pieces;
  }

  #close(): void {
    this.#pieces.push(...gather(this.#open, largePiece));
    this.#open = [];
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
    return count === 0 ? [] : [`Table ${quoteName(table.name)}: ${count} ${rows.noted?.what ?? ""}`];
  });
}

function totalsOf(parts: readonly Part[], counts: readonly number[], noted: readonly number[]): Totals {
  const own = (name: string, kind: string) => kind !== "shadow" && !/^sqlite_/i.test(name);
  const tables = countedTables(parts).flatMap((table, at) =>
    own(table.name, table.kind) ? [{ name: table.name, rows: counts[at] ?? 0 }] : [],
  );
  return {
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    tables,
    warnings: warningsOf(parts, noted),
  };
}
