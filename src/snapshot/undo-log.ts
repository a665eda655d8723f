/**
 * The rows of some tables as they were at one moment, whatever is written afterwards, and no writer waits.
 *
 * Triggers keep, once for each key, the row as it was, or that there was none; a page then merges live rows that have not changed with
 * kept ones. They live in the database: they go on when the object is lost, and a transaction that is rolled back takes back what they kept.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import type { Column, Table } from "../../formats/format.ts";
import { ExportError } from "../errors.ts";
import { maxColumns } from "../platform-limits.ts";
import { MiB } from "../base/units.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { SourceTable } from "../schema/catalog.ts";
import { reading } from "../schema/read-errors.ts";
import { keep } from "./capture.ts";
import { copied, isComputed, UndoNames } from "./undo-log-tables.ts";
import { makeOwn, markOpen, registeredExports, stateOfExport, undoPrefix } from "../schema/own-tables.ts";
import { bytesOfTable, columnsOnDisk } from "../schema/table-size.ts";
import { countTriggers, dropUndo, isThere, nextNumber, retrace, dropLeftoversSoon, type Mode } from "./registry.ts";
import { beginNotes, notedTables } from "./change-tracker.ts";
import type { TableVersion, TableVersions } from "../reader/table-versions.ts";
import { withVirtualColumns } from "./virtual-columns.ts";
import { totalChanges } from "./total-changes.ts";

/** How often it is looked at what a snapshot keeps while nobody reads, and no slice runs, in milliseconds. */
export const limitCheckMs = 1000;

/** After so many changed rows what is kept is counted again. */
const countedChanges = 1000;

interface Kept {
  readonly n: number;
  readonly mode: Mode;
}

/** `total_changes()` when what is kept was counted first and last, and from which on it is to be counted again. */
interface Counted {
  readonly first: number;
  readonly changes: number;
  readonly next: number;
}

/** Of the exports of one life of an object. */
const counts = new WeakMap<SqlStorage, Map<string, Counted>>();

function counted(sql: SqlStorage): Map<string, Counted> {
  const own = counts.get(sql) ?? new Map<string, Counted>();
  counts.set(sql, own);
  return own;
}

/** The log of one export. Every method is synchronous. */
export class UndoLog implements TableVersions {
  readonly #sql: SqlStorage;
  readonly exportId: string;
  #tables: Map<string, Kept>;
  /** Tables with triggers that were made as it began, and how many each has. */
  readonly #made = new Map<SourceTable, number>();
  #next = 0;

  constructor(sql: SqlStorage, exportId: string) {
    this.#sql = sql;
    this.exportId = exportId;
    this.#tables = this.#load();
  }

  /** Begins with no table; what was kept before is gone. Where there are many tables, `pause` lets the host go on in between. */
  *open(pause: (() => Generator<void, unknown, void>) | null): Generator<void, void, void> {
    this.drop();
    if (pause !== null) yield* pause();
    makeOwn(this.#sql, "_durable_export_undo");
    if (pause !== null) yield* pause();
    markOpen(this.#sql, this.exportId);
    beginNotes(this.#sql, this.exportId);
    this.#next = nextNumber(this.#sql, this.exportId);
  }

  /** Keeps the rows of a table from now on. */
  add(table: SourceTable): void {
    if (this.#tables.has(table.name)) return;
    const n = this.#next++;
    const { mode, triggers } = reading(table, () => keep(this.#sql, table, new UndoNames(this.exportId, n)));
    const insert = "INSERT INTO _durable_export_undo (job, n, name, mode) VALUES (?, ?, ?, ?)";
    this.#sql.exec(insert, this.exportId, n, table.name, mode);
    this.#tables.set(table.name, { n, mode });
    if (mode === "log") this.#made.set(table, triggers);
  }

  /** Keeps the rows of all these tables as they are now: those that were written to since they were added are begun again. */
  renew(): void {
    const triggers = this.#made.size === 0 ? new Map<number, number>() : countTriggers(this.#sql, this.exportId);
    const noted = new Set(notedTables(this.#sql, this.exportId));
    const made = new Map(this.#made); // `add` puts those that are made anew back
    for (const [table, count] of made) {
      const n = this.#tables.get(table.name)?.n ?? -1;
      const names = new UndoNames(this.exportId, n);
      const { hasOld, hasAdded } = this.#contents(names.old, names.added);
      if (!hasOld && !hasAdded && !noted.has(table.name) && triggers.get(n) === count) continue;
      this.#drop(table.name, n);
      this.#made.delete(table);
      this.add(table);
    }
    this.#made.clear();
    beginNotes(this.#sql, this.exportId);
  }

  /** True once rows are kept. */
  get isBegun(): boolean {
    return stateOfExport(this.#sql, this.exportId) === "begun";
  }

  /** Tables that are read as they are, and those that have lost a row unseen. */
  get uncovered(): readonly string[] {
    const live = [...this.#tables].filter(([, { mode }]) => mode === "live").map(([name]) => name);
    return [...new Set([...live, ...notedTables(this.#sql, this.exportId)])];
  }

  /** How to read a table as it was. */
  versionFor(table: SourceTable, columns: readonly Column[], cursor: Cursor): TableVersion {
    const live: TableVersion = { table, undo: null, maxRows: cursor.limit };
    const kept = this.#tables.get(table.name);
    if (kept === undefined || kept.mode === "live") return live;
    const { old, added, shown } = new UndoNames(this.exportId, kept.n);
    if (kept.mode === "copy") return { ...live, table: copied(table, old) };
    const { hasOld, hasAdded } = this.#contents(old, added);
    if (!hasOld && !hasAdded) return live;
    const rows = hasOld ? { name: old, shown: isComputed(table) ? shown : null } : null;
    return withVirtualColumns(this.#sql, table, { old: rows, added: hasAdded ? added : null }, columns, cursor);
  }

  /** A log renders nothing. */
  renderedBefore(): null {
    return null;
  }

  /** Rows in front of this position are never read again: all of the tables `done`, and of `current` up to the cursor. */
  advance(done: readonly string[], current: string | null, at: Cursor | null): void {
    for (const name of done) {
      const kept = this.#tables.get(name);
      if (kept === undefined || kept.mode === "live" || name === current) continue;
      this.#drop(name, kept.n);
    }
    const kept = current === null ? undefined : this.#tables.get(current);
    const [kind, rowid] = at?.key?.[0] ?? [];
    if (kept?.mode !== "log" || kind !== "i" || rowid === undefined) return;
    const update = "UPDATE _durable_export_undo SET at = CAST(? AS INTEGER) WHERE job = ? AND n = ?";
    this.#sql.exec(update, rowid, this.exportId, kept.n);
  }

  /** Of some tables those whose rows were changed, as far as they are still to be read. */
  changed(tables: readonly Table[]): readonly Table[] {
    return tables.filter((table) => {
      const { n, mode } = this.#tables.get(table.name) ?? { n: 0, mode: "live" };
      if (mode === "live") return false;
      const { old, added } = new UndoNames(this.exportId, n);
      if (mode === "copy") return reading(table, () => this.#isOther(table, old));
      const { hasOld, hasAdded } = this.#contents(old, added);
      return hasOld || hasAdded;
    });
  }

  /** Throws `snapshot_too_old` if more bytes of rows are kept than `limit`; `since` is the size of the database when that began. */
  check(limit: number, since: number): void {
    // What is kept is gone through to be counted: when the database has grown by so much, and, as it need not grow where the host deletes,
    // when half as many rows again were changed as the last time.
    const changes = totalChanges(this.#sql);
    const isGrown = this.#sql.databaseSize - since > limit;
    const last = counted(this.#sql).get(this.exportId) ?? { first: changes, changes: -1, next: 0 };
    if (changes === last.changes || (!isGrown && changes < last.next)) return;
    const next = changes + Math.max(countedChanges, (changes - last.first) / 2);
    counted(this.#sql).set(this.exportId, { first: last.first, changes, next });
    const bytes = this.#bytes();
    if (bytes <= limit) return;
    const [kept, most] = [bytes, limit].map((value) => (value / MiB).toFixed(1));
    throw new ExportError(
      "snapshot_too_old",
      `Cannot keep the snapshot: ${kept} MiB of rows were changed since it began, the limit is ${most} MiB; try at a quieter time, or with consistency=fuzzy`,
    );
  }

  #bytes(): number {
    let bytes = 0;
    for (const { n, mode } of this.#tables.values()) {
      if (mode !== "log") continue; // what is copied at the start is not what was changed
      const { old, added } = new UndoNames(this.exportId, n);
      bytes += bytesOfTable(this.#sql, old) + bytesOfTable(this.#sql, added);
    }
    return bytes;
  }

  /** Takes what keeps rows away, but not what was read first. */
  abandon(): void {
    this.#tables = new Map();
    this.#made.clear();
    if (isThere(this.#sql)) this.#sql.exec("DELETE FROM _durable_export_undo WHERE job = ?", this.exportId);
    dropUndo(this.#sql, undoPrefix(this.exportId));
  }

  /** Takes everything of it away. */
  drop(): void {
    counted(this.#sql).delete(this.exportId);
    this.#tables = new Map();
    this.#made.clear();
    retrace(this.#sql, this.exportId);
    dropLeftoversSoon(this.#sql);
  }

  #drop(name: string, n: number): void {
    dropUndo(this.#sql, new UndoNames(this.exportId, n).prefix);
    this.#sql.exec("DELETE FROM _durable_export_undo WHERE job = ? AND n = ?", this.exportId, n);
    this.#tables.delete(name);
  }

  #load(): Map<string, Kept> {
    if (!isThere(this.#sql)) return new Map();
    const query = "SELECT n, name, mode FROM _durable_export_undo WHERE job = ? ORDER BY n";
    const rows = this.#sql.exec<{ n: number; name: string; mode: Mode }>(query, this.exportId).toArray();
    return new Map(rows.map(({ n, name, mode }) => [name, { n, mode }]));
  }

  /** True if a table and a copy of it do not hold the same rows. */
  #isOther(table: Table, copy: string): boolean {
    const { name, rowid } = table;
    const columns = columnsOnDisk(this.#sql, copy).map(quoteName);
    if (rowid !== null && columns.length < maxColumns) columns.push(rowid.name);
    const [one, other] = [name, copy].map((from) => `SELECT ${columns.join(",")} FROM ${quoteName(from)}`);
    const query = `SELECT EXISTS (${one} EXCEPT ${other}) OR EXISTS (${other} EXCEPT ${one}) OR (SELECT count(*) FROM ${quoteName(name)})<>(SELECT count(*) FROM ${quoteName(copy)}) AS differs`;
    return this.#sql.exec<{ differs: number }>(query).one().differs === 1;
  }

  #contents(old: string, added: string): { hasOld: boolean; hasAdded: boolean } {
    const query = `SELECT EXISTS (SELECT 1 FROM ${quoteName(old)}), EXISTS (SELECT 1 FROM ${quoteName(added)})`;
    const [[hasOld, hasAdded] = []] = [...this.#sql.exec(query).raw()];
    return { hasOld: hasOld === 1, hasAdded: hasAdded === 1 };
  }
}

/**
 * The tables whose changes are to be noted: those that are read as they are, which without a log are all. A virtual table is what its
 * shadow tables hold.
 */
export function readLive(tables: readonly Table[], log: UndoLog | null): readonly Table[] {
  if (log === null) return tables;
  const names = new Set(log.uncovered);
  const owners = new Set(tables.flatMap(({ name, owner }) => (names.has(name) ? [owner] : [])));
  return tables.filter(({ name }) => names.has(name) || owners.has(name));
}

/** Takes away the logs of all exports but these: the object was lost while they were made, and nobody goes on with them. */
export function dropUndoLogs(sql: SqlStorage, isOpen: (job: string) => boolean): void {
  for (const job of registeredExports(sql)) {
    if (!isOpen(job)) retrace(sql, job);
  }
  dropLeftoversSoon(sql);
}
