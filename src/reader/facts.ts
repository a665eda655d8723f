/** What a file says of a database besides its rows: seen when an export is planned, and then kept, as each slice of a job is planned anew. */
import type { Schema, Table } from "../../formats/format.ts";

type IndexState = ReturnType<Schema["indexState"]>;

/** Plain data. */
export interface Facts {
  /** One line for each thing that is left out, as the first `put()` of a host's may make a table of the platform's at any time. */
  readonly leftOut: readonly string[];
  /** Whether full-text indexes are what their content gives, by table: all that was asked for. */
  readonly indexes: readonly (readonly [table: string, state: IndexState])[];
}

/** Sees each thing once. */
export class SeenFacts {
  readonly #leftOut: readonly string[];
  readonly #indexes: Map<string, IndexState>;

  /** With what was seen when the export was planned first, or null. */
  constructor(leftOut: readonly string[], before: Facts | null) {
    this.#leftOut = before?.leftOut ?? leftOut;
    this.#indexes = new Map(before?.indexes);
  }

  get leftOut(): readonly string[] {
    return this.#leftOut;
  }

  index(table: Table, look: () => IndexState): IndexState {
    const state = this.#indexes.get(table.name) ?? look();
    this.#indexes.set(table.name, state);
    return state;
  }

  /** True if an index that was looked at is as it was then. */
  isRight(table: Table, look: () => IndexState): boolean {
    const seen = this.#indexes.get(table.name);
    return seen === undefined || seen === look();
  }

  /** All that was seen so far. */
  all(): Facts {
    return { leftOut: this.#leftOut, indexes: [...this.#indexes] };
  }
}
