/**
 * The rows of some tables as they were at one moment, whatever is written afterwards, and no writer waits.
 *
 * Triggers keep, once for each key, the row as it was, or that there was none; a page then merges live rows that have not changed with
 * kept ones. They live in the database: they go on when the object is lost, and a transaction that is rolled back takes back what they kept.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import type { Column, Table } from "../../formats/format.ts";
import { differsFromCopy } from "./table-copy.ts";
import type { Cursor } from "../reader/cursor.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { reading } from "../schema/read-errors.ts";
import { capture } from "./capture.ts";
import { copied, isComputed, UndoNames } from "./undo-log-tables.ts";
import { makeOwn, markOpen, stateOfExport, undoPrefix } from "../schema/own-tables.ts";
import { bytesOfTable } from "../schema/table-size.ts";
import {
  countTriggers,
  dropUndo,
  isThere,
  nextNumber,
  retrace,
  dropLeftoversSoon,
  type CaptureMode,
} from "./registry.ts";
import { beginNotes, notedTables } from "./change-tracker.ts";
import type { TableVersion, TableVersions } from "../reader/table-versions.ts";
import { withVirtualColumns } from "./virtual-columns.ts";
import { checkUndoLimit, forgetCounts, type UndoLimit } from "./undo-limit.ts";

/** How one table is kept; the number is part of its names (`UndoNames`). */
interface KeptTable {
  readonly number: number;
  readonly mode: CaptureMode;
}

/** The log of one export. Every method is synchronous. */
export class UndoLog implements TableVersions {
  readonly #sql: SqlStorage;
  readonly exportId: string;
  #tables: Map<string, KeptTable>;
  /** While it begins: how many triggers each of its tables has. */
  readonly #newTriggers = new Map<SourceTable, number>();
  #nextNumber = 0;

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
    this.#nextNumber = nextNumber(this.#sql, this.exportId);
  }

  /** Keeps the rows of a table from now on. */
  add(table: SourceTable): void {
    if (this.#tables.has(table.name)) return;
    const number = this.#nextNumber++;
    const { mode, triggers } = reading(table, () => capture(this.#sql, table, new UndoNames(this.exportId, number)));
    const insert = "INSERT INTO _durable_export_undo (job, n, name, mode) VALUES (?, ?, ?, ?)";
    this.#sql.exec(insert, this.exportId, number, table.name, mode);
    this.#tables.set(table.name, { number, mode });
    if (mode === "log") this.#newTriggers.set(table, triggers);
  }

  /** Keeps the rows of all these tables as they are now: those that were written to since they were added are begun again. */
  renew(): void {
    const triggers = this.#newTriggers.size === 0 ? new Map<number, number>() : countTriggers(this.#sql, this.exportId);
    const noted = new Set(notedTables(this.#sql, this.exportId));
    const added = new Map(this.#newTriggers); // a copy, as `add` puts tables back
    for (const [table, count] of added) {
      const number = this.#tables.get(table.name)?.number ?? -1;
      const names = new UndoNames(this.exportId, number);
      const { hasOld, hasAdded } = this.#contents(names.old, names.added);
      if (!hasOld && !hasAdded && !noted.has(table.name) && triggers.get(number) === count) continue;
      this.#drop(table.name, number);
      this.#newTriggers.delete(table);
      this.add(table);
    }
    this.#newTriggers.clear();
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
    const { old, added, shown } = new UndoNames(this.exportId, kept.number);
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
  advance(done: readonly string[], current: string | null, cursor: Cursor | null): void {
    for (const name of done) {
      const kept = this.#tables.get(name);
      if (kept === undefined || kept.mode === "live" || name === current) continue;
      this.#drop(name, kept.number);
    }
    const kept = current === null ? undefined : this.#tables.get(current);
    const [kind, rowid] = cursor?.key?.[0] ?? [];
    if (kept?.mode !== "log" || kind !== "i" || rowid === undefined) return;
    const update = "UPDATE _durable_export_undo SET at = CAST(? AS INTEGER) WHERE job = ? AND n = ?";
    this.#sql.exec(update, rowid, this.exportId, kept.number);
  }

  /** Of some tables those whose rows were changed, as far as they are still to be read. */
  changed(tables: readonly Table[]): readonly Table[] {
    return tables.filter((table) => {
      const { number, mode } = this.#tables.get(table.name) ?? { number: 0, mode: "live" };
      if (mode === "live") return false;
      const { old, added } = new UndoNames(this.exportId, number);
      if (mode === "copy") return reading(table, () => differsFromCopy(this.#sql, table, old));
      const { hasOld, hasAdded } = this.#contents(old, added);
      return hasOld || hasAdded;
    });
  }

  /** Throws `snapshot_too_old` if it keeps more bytes of changed rows than it may. */
  checkLimit(limit: UndoLimit): void {
    checkUndoLimit(this.#sql, this.exportId, limit, () => this.#bytes());
  }

  #bytes(): number {
    let bytes = 0;
    for (const { number, mode } of this.#tables.values()) {
      if (mode !== "log") continue; // what is copied at the start is not what was changed
      const { old, added } = new UndoNames(this.exportId, number);
      bytes += bytesOfTable(this.#sql, old) + bytesOfTable(this.#sql, added);
    }
    return bytes;
  }

  /** Takes what keeps rows away, but not what was read first. */
  abandon(): void {
    this.#tables = new Map();
    this.#newTriggers.clear();
    if (isThere(this.#sql)) this.#sql.exec("DELETE FROM _durable_export_undo WHERE job = ?", this.exportId);
    dropUndo(this.#sql, undoPrefix(this.exportId));
  }

  /** Takes everything of it away. */
  drop(): void {
    forgetCounts(this.#sql, this.exportId);
    this.#tables = new Map();
    this.#newTriggers.clear();
    retrace(this.#sql, this.exportId);
    dropLeftoversSoon(this.#sql);
  }

  #drop(name: string, number: number): void {
    dropUndo(this.#sql, new UndoNames(this.exportId, number).prefix);
    this.#sql.exec("DELETE FROM _durable_export_undo WHERE job = ? AND n = ?", this.exportId, number);
    this.#tables.delete(name);
  }

  #load(): Map<string, KeptTable> {
    if (!isThere(this.#sql)) return new Map();
    const query = "SELECT n, name, mode FROM _durable_export_undo WHERE job = ? ORDER BY n";
    const rows = this.#sql.exec<{ n: number; name: string; mode: CaptureMode }>(query, this.exportId).toArray();
    return new Map(rows.map(({ n, name, mode }) => [name, { number: n, mode }]));
  }

  #contents(old: string, added: string): { hasOld: boolean; hasAdded: boolean } {
    const query = `SELECT EXISTS (SELECT 1 FROM ${quoteName(old)}), EXISTS (SELECT 1 FROM ${quoteName(added)})`;
    const [[hasOld, hasAdded] = []] = [...this.#sql.exec(query).raw()];
    return { hasOld: hasOld === 1, hasAdded: hasAdded === 1 };
  }
}
