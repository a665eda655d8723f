/**
 * How an export takes hold of the database as it is at one moment, in short turns between which the host goes on.
 *
 * Triggers keep the larger tables from the turn on in which they are made, and so tell by themselves whether their table was written to
 * since; those that were are made anew. Small tables are read. `total_changes()` counts every row that any statement has changed in this
 * life of the object, those of triggers, foreign keys and full-text tables included (https://sqlite.org/c3ref/total_changes.html): as long as
 * it stays the same between two turns, what was read in one is still what it is in the next. If it does not, they are read again; a host
 * that never pauses is waited for in the end, in one turn.
 */
import { KiB, MiB } from "../base/units.ts";
import type { SmallTables, WholeTable } from "./small-tables.ts";
import { alias } from "../schema/key.ts";
import type { SourceTable } from "../schema/catalog.ts";
import type { Page, RowsSegment } from "../reader/source.ts";
import { quoteName } from "../../formats/kit/expression.ts";
import type { UndoLog } from "./undo-log.ts";
import { changesIn, sizeOfValues } from "./registry.ts";

/** A table of no more bytes and rows is read when a snapshot begins: up to 1 ms, where triggers for it take 1 to 10 (docs/decisions.md). */
const smallBytes = 32 * KiB;

const smallRows = 512;

/** Bytes that all of these may come out as: they are kept in the database until the export gets there. */
const firstReadBytes = 256 * MiB;

/** Tables that are looked at, or read, in one turn: about 10 ms. */
export const tablesPerTurn = 40;

/** Tables that triggers are made for in one turn. */
const logsPerTurn = 4;

/** How often small tables are read again because the host has written meanwhile; after that they are read in one turn. */
const firstTries = 3;

/** What is to be taken hold of. */
export interface Wanted {
  readonly sql: SqlStorage;
  /** The tables, and where each of them stands in the file: what may be read first. */
  readonly tables: readonly {
    readonly table: SourceTable;
    readonly segments: readonly (readonly [number, RowsSegment])[];
  }[];
  readonly first: SmallTables | null;
  readonly log: UndoLog | null;
  /** Reads one page. */
  readonly read: (segment: RowsSegment, at: Page["next"]) => Page;
  /** Called in each turn, before anything is read. Throws if nobody wants it any more. */
  readonly enter: () => void;
}

type Item = Wanted["tables"][number];

/** Each `yield` is a place where the host may go on; the moment is that of the end. True if nothing was written meanwhile. */
export function* beginningSnapshot({ sql, tables, first, log, read, enter }: Wanted): Generator<void, boolean, void> {
  let isUndisturbed = true;
  enter();
  const small: Item[] = [];
  const rest: Item[] = [];
  for (const [at, item] of tables.entries()) {
    const isCandidate = first !== null && item.segments.length > 0 && isSmall(sql, item.table);
    (isCandidate ? small : rest).push(item);
    if (at % tablesPerTurn === tablesPerTurn - 1) yield* pause();
  }
  const [late, early] = [
    rest.filter(({ table }) => !hasTriggers(table)),
    rest.filter(({ table }) => hasTriggers(table)),
  ];
  for (const [at, { table }] of early.entries()) {
    log?.add(table);
    if (at % logsPerTurn === logsPerTurn - 1) yield* pause();
  }
  for (let tries = 0; !(yield* readFirst(tries < firstTries)); tries++);
  for (const { table } of late) log?.add(table);
  log?.renew();
  return isUndisturbed;

  /** True if nothing was written meanwhile. */
  function* pause(): Generator<void, boolean, void> {
    const before = changesIn(sql);
    yield;
    const isSame = changesIn(sql) === before; // before the exporter itself writes again
    isUndisturbed &&= isSame;
    enter();
    return isSame;
  }

  /** False if something was written in between. */
  function* readFirst(mayYield: boolean): Generator<void, boolean, void> {
    first?.begin();
    let [total, bytes, done] = [0, 0, 0];
    for (const item of small) {
      if (mayYield && (done >= tablesPerTurn || bytes >= firstTurnBytes)) {
        [done, bytes] = [0, 0];
        if (!(yield* pause())) return false;
      }
      const pages = total >= firstReadBytes ? null : wholeOf(item, read);
      if (pages === null) {
        log?.add(item.table);
        continue;
      }
      done++;
      for (const [place, page] of pages) {
        first?.add(place, page);
        const length = page.bytes.reduce((sum, piece) => sum + piece.length, 0);
        bytes += length;
        total += length;
      }
    }
    first?.flush();
    return !mayYield || small.length <= tablesPerTurn || (yield* pause()); // the turn of the moment has enough to do
  }
}

/** Bytes that are rendered in one turn: some milliseconds. */
const firstTurnBytes = smallBytes * 8;

function hasTriggers({ kind, name }: SourceTable): boolean {
  return kind === "table" && !/^sqlite_/i.test(name);
}

/** All rows of a table at each of its places; null if they are more than a small one has, or cannot be read: that is told when it is its turn. */
function wholeOf({ segments }: Item, read: Wanted["read"]): readonly (readonly [number, WholeTable])[] | null {
  const pages: (readonly [number, WholeTable])[] = [];
  for (const [place, segment] of segments) {
    let [rows, lossy, size] = [0, 0, 0];
    const bytes: Uint8Array[] = [];
    for (let at: Page["next"] = null; ;) {
      let page: Page;
      try {
        page = read(segment, at);
      } catch {
        return null;
      }
      bytes.push(...page.bytes);
      rows += page.rows;
      lossy += page.lossy;
      size += page.size;
      at = page.next;
      if (at === null) break;
      if (size > 4 * smallBytes) return null;
    }
    pages.push([place, { rows, lossy, size, bytes }]);
  }
  return pages;
}

/** True if a table has few rows, and few bytes in them. Looks at no more than it must. */
function isSmall(sql: SqlStorage, { name, columns }: SourceTable): boolean {
  const size = sizeOfValues(columns.map((column) => column.sql)) || "0";
  const rows = `SELECT ${size} AS size FROM ${quoteName(name)} AS ${alias} LIMIT ${smallRows + 1}`;
  try {
    const query = `SELECT count(*) AS found, total(size) AS total FROM (${rows})`;
    const { found, total } = sql.exec<{ found: number; total: number }>(query).one();
    return found <= smallRows && total <= smallBytes;
  } catch {
    return false; // what cannot be read is told when it is its turn
  }
}
