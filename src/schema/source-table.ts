/** The schema as the reader needs it: each table with the key that its rows are read by. */
import type { UnselectedObject, Column, Schema, SchemaObject, Table } from "../../formats/format.ts";
import type { Key } from "./key.ts";
import type { Objects } from "./objects.ts";

/** A table with the key that its rows are read by. */
export interface SourceTable extends Table {
  readonly key: Key;
  /** Columns whose values are on disk: all but virtual generated ones, which are computed when they are read. */
  readonly kept: readonly Column[];
  /** Its line in `sqlite_schema`. */
  readonly line: number;
  /** The rows to export by the table that they tell of; absent for all. */
  readonly filter?: NameFilter;
}

/** Rows whose column is one of some names, which are bound (a statement has only so many bytes), or that meet another condition. */
export interface NameFilter {
  readonly column: "name" | "tbl";
  readonly names: readonly string[];
  readonly otherwise: string;
}

/** A schema whose tables can be read. */
export interface SourceSchema extends Omit<Schema, "indexState"> {
  readonly tables: readonly SourceTable[];
  readonly internal: readonly SourceTable[];
}

/** The whole schema, before a selection. */
export interface Catalog extends Omit<Objects, "shown" | "lines"> {
  readonly tables: readonly SourceTable[];
  readonly internal: readonly SourceTable[];
  readonly others: readonly SchemaObject[];
  /** All tables and views that a host can see, by their folded names. */
  readonly known: ReadonlyMap<string, UnselectedObject>;
}
