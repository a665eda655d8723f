/** What the pipeline reads from. */
import type { Schema } from "../../formats/format.ts";
import type { SourceTable } from "../schema/source-table.ts";
import type { Cursor } from "./cursor.ts";
import type { Facts } from "./facts.ts";
import type { Page, RowsSegment } from "./rendered-page.ts";
import type { TableVersions } from "./table-versions.ts";

/** How much one page holds at most; where a single row has more bytes, the page is that row. */
export interface PageBudget {
  /** Rows at most. */
  readonly rows: number;
  /** Rendered bytes that a page aims at. */
  readonly bytes: number;
}

/** Reads a database page by page. The same data and the same cursor give the same bytes. */
export interface Source {
  readonly schema: Schema;
  /** Text that differs whenever the exported schema differs. */
  readonly fingerprint: string;
  /** A table of the schema by its name; undefined for any other. */
  sourceTable(name: string): SourceTable | undefined;
  /** Reads one page, in one event-loop turn. `index` counts the segments of the file that are rows; absent where none was rendered beforehand. */
  page(segment: RowsSegment, cursor: Cursor | null, index?: number): Page;
  /** From the next page on, tables are read in these versions. At first all are read live. */
  readFrom(versions: TableVersions): void;
  /** Has FTS5 write what it still holds in memory, so that its shadow tables are complete. */
  flush(): void;
  /** Throws `schema_changed` if the schema is not the one that this source was made with. */
  verify(): void;
  /** What was seen of the database besides its schema and its rows. */
  facts(): Facts;
  /** Throws `schema_changed` if these facts are no longer true of the schema that `verify` looked at last. */
  verifyFacts(): void;
  /** Rough weights of the tables, for the progress only: reads two rows of each, and yields in between. Has fewer tables if the schema has changed. */
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
