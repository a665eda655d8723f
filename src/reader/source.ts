/** What the pipeline reads from. A snapshot, or another object's copy, can stand behind the same interface. */
import type { Schema, Segment } from "../../formats/format.ts";
import type { Cursor } from "./cursor.ts";
import type { Facts } from "./facts.ts";
import type { SmallTables } from "../snapshot/small-tables.ts";
import type { UndoLog } from "../snapshot/undo-log.ts";

/** The part of a file that is rows. */
export type RowsSegment = Extract<Segment, { kind: "rows" }>;

/** One page, rendered. */
export interface Page {
  /** To be taken once: those of a large row are made as they are asked for. */
  readonly bytes: Iterable<Uint8Array>;
  /** Bytes of it; of a large row those that are stored. */
  readonly size: number;
  readonly rows: number;
  /** Values that the format has something to say of (`RowEncoder.lossy`). */
  readonly lossy: number;
  /** Where the next page begins; null behind the last row. */
  readonly next: Cursor | null;
}

/** Where tables that are read first go, and where each part of the file that is rows stands among them. */
export interface FirstTables {
  readonly read: SmallTables;
  readonly places: readonly (readonly [place: number, segment: RowsSegment])[];
  /** The export that they are read for. */
  readonly job: string;
}

/** How much one page holds at most; where a single row has more bytes, the page is that row. */
export interface PageBudget {
  readonly rows: number;
  /** Bytes as rendered, aimed at. */
  readonly bytes: number;
}

/** A consistent way to read: the same data and the same cursor give the same bytes. */
export interface Source {
  readonly schema: Schema;
  /** One synchronous read. `place` is where the segment stands among those of the file that are rows: it may have been read first. */
  page(segment: RowsSegment, at: Cursor | null, place?: number): Page;
  /** Text that differs whenever the schema that is exported differs. */
  readonly fingerprint: string;
  /** What was seen of the database besides its schema and its rows. */
  facts(): Facts;
  /** Throws `schema_changed` if it was not so in the turn in which the schema was looked at last. */
  verifyFacts(): void;
  /**
   * From its end on, from the next page in that turn on, the rows of these tables are those of then: a log keeps what is changed, if one is
   * given, and those of `first` are read now where they are small, if it is given. Each `yield` is a place where the host may go on; true if it
   * has written nothing there.
   */
  beginningSnapshot(
    tables: readonly string[],
    into: UndoLog | null,
    first: FirstTables | null,
  ): Generator<void, boolean, void>;
  /** The same in one turn, by a log alone. */
  beginSnapshot(tables: readonly string[], into: UndoLog): void;
  /** Throws `schema_changed` if the schema is not the one that this source was made with. */
  verify(): void;
  /** Rough weights of the tables, for the progress only; two rows read for each, in turns. Less of them where the schema has changed. */
  estimating(): Generator<void, Estimate, void>;
}

/** For each table its name, its share of the work, and the first and last rowid where rows go by it. */
export type Estimate = Readonly<
  Record<string, { readonly weight: number; readonly first?: string; readonly last?: string }>
>;

/** Which share of a table is in front of a cursor, 0 to 1. */
export function shareDone({ first, last }: Estimate[string], at: Cursor): number {
  const key = at.key?.[0];
  if (first === undefined || last === undefined || key?.[0] !== "i") return 0.5;
  const span = Number(BigInt(last) - BigInt(first)) + 1;
  return Math.min(1, Math.max(0, (Number(BigInt(key[1]) - BigInt(first)) + 1) / span));
}
