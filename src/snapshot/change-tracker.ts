/**
 * Which tables are changed while they are exported. A trigger notes a table at its first change, in the transaction of that change,
 * so that no crash can lose it; from then on it costs a writer one look into an index.
 */
import { quoteName, quoteText } from "../../formats/kit/expression.ts";
import type { Table } from "../../formats/format.ts";
import { moduleOf } from "../../formats/kit/virtual-table.ts";
import { digestOf } from "./rtree-digest.ts";
import { flushIndex } from "../schema/full-text.ts";
import { originsOf, type Origins } from "./origins.ts";
import { hasOwn, makeOwn, markOpen, registeredExports, watchPrefix } from "../schema/own-tables.ts";
import { reading } from "../schema/read-errors.ts";
import { altering } from "../schema/schema-version.ts";

/** What is known of some tables' changes. */
export interface Changes {
  /** Changed since they are watched. */
  readonly changed: readonly string[];
  /** Changes of these cannot be seen: virtual tables have no triggers. */
  readonly unwatched: readonly string[];
}

/** Makes a trigger's statement one that takes back all that it did if it fails, for whatever reason. */
export const mayAbort = "SELECT RAISE(ABORT,'') WHERE 0;";

/** Notes a table as changed where a condition holds. The conflict clause is that of the outer statement, so nothing may conflict. */
export function noteOf(job: string, table: string, condition: string): string {
  const [own, name] = [quoteText(job), quoteText(table)];
  return `INSERT INTO _durable_export_changed (job, name) SELECT ${own}, ${name} WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM _durable_export_changed WHERE job=${own} AND name=${name});`;
}

/**
 * Begins to watch tables for a job, anew if it has done so before; `read` are those whose own rows are exported. Synchronous: the first page
 * may be read in the same turn.
 */
export function startTracking(sql: SqlStorage, job: string, tables: readonly Table[], read: ReadonlySet<string>): void {
  stopTracking(sql, job);
  makeOwn(sql, "_durable_export_changed");
  markOpen(sql, job);
  const own = quoteText(job);
  for (const [at, table] of tables.entries()) {
    const name = quoteText(table.name);
    if (table.kind === "virtual" && isWatched(table, read)) {
      const origins = reading(table, () => shownBy(sql, table, read));
      note(
        sql,
        job,
        table.name,
        reading(table, () => stateOf(sql, origins)),
      );
      const noted = `FROM _durable_export_changed WHERE job=${own} AND name=${name} AND state IS NOT NULL`;
      for (const [number, origin] of (origins?.tables ?? []).entries())
        addTriggers(sql, `${watchPrefix(job)}${at}_${number}`, origin, {
          when: `EXISTS (SELECT 1 ${noted})`,
          action: `UPDATE _durable_export_changed SET state=NULL WHERE job=${own} AND name=${name};`,
        });
    }
    // shadow tables change with their owner
    if (table.kind === "table")
      addTriggers(sql, `${watchPrefix(job)}${at}`, table.name, {
        when: `NOT EXISTS (SELECT 1 FROM _durable_export_changed WHERE job=${own} AND name=${name})`,
        action: `INSERT INTO _durable_export_changed (job, name) VALUES (${own}, ${name});`,
      });
  }
}

function addTriggers(
  sql: SqlStorage,
  start: string,
  table: string,
  { when, action }: { readonly when: string; readonly action: string },
): void {
  for (const event of ["INSERT", "UPDATE", "DELETE"])
    altering(sql, () =>
      sql.exec(
        `CREATE TRIGGER ${quoteName(`${start}_${event}`)} AFTER ${event} ON ${quoteName(table)} WHEN ${when} BEGIN ${mayAbort} ${action} END`,
      ),
    );
}

/** Makes the table that changes are noted in, with none of this job's. */
export function beginNotes(sql: SqlStorage, job: string): void {
  makeOwn(sql, "_durable_export_changed");
  sql.exec("DELETE FROM _durable_export_changed WHERE job = ?", job);
}

/** The tables that are noted as changed. */
export function notedTables(sql: SqlStorage, job: string): readonly string[] {
  if (!isThere(sql)) return [];
  const query = "SELECT name FROM _durable_export_changed WHERE job = ? AND state IS NULL";
  return sql
    .exec<{ name: string }>(query, job)
    .toArray()
    .map(({ name }) => name);
}

/** Tables of which it is known already that they were changed. */
export function noteChanges(sql: SqlStorage, job: string, names: readonly string[]): void {
  for (const name of names)
    sql.exec("INSERT OR REPLACE INTO _durable_export_changed (job, name) VALUES (?, ?)", job, name);
}

/** What has changed since. */
export function changesOf(sql: SqlStorage, job: string, tables: readonly Table[], read: ReadonlySet<string>): Changes {
  if (!isThere(sql)) return { changed: [], unwatched: [] };
  const noted = new Map(
    sql
      .exec<{ name: string; state: string | null }>(
        "SELECT name, state FROM _durable_export_changed WHERE job = ?",
        job,
      )
      .toArray()
      .map(({ name, state }) => [name, state]),
  );
  const isChanged = (table: Table) =>
    table.kind === "virtual"
      ? noted.get(table.name) !== (reading(table, () => stateOf(sql, shownBy(sql, table, read))) ?? unknown)
      : noted.has(table.name);
  const seen = tables.filter((table) => table.kind !== "shadow" && isWatched(table, read));
  const unwatched = seen.filter((table) => table.kind === "virtual" && noted.get(table.name) === unknown);
  return {
    changed: seen.filter((table) => !unwatched.includes(table) && isChanged(table)).map(({ name }) => name),
    unwatched: unwatched.map(({ name }) => name),
  };
}

/** Virtual tables that are watched in vain: nothing tells of their changes. */
export function unwatchedTables(sql: SqlStorage, job: string): readonly string[] {
  if (!isThere(sql)) return [];
  const query = "SELECT name FROM _durable_export_changed WHERE job = ? AND state = ?";
  return [...sql.exec<{ name: string }>(query, job, unknown)].map(({ name }) => name);
}

/** Takes everything of a job's watch away. */
export function stopTracking(sql: SqlStorage, job: string): void {
  if (!isThere(sql)) return;
  if (registeredExports(sql).includes(job)) {
    const triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1";
    for (const { name } of sql.exec<{ name: string }>(triggers, watchPrefix(job)).toArray())
      altering(sql, () => sql.exec(`DROP TRIGGER ${quoteName(name)}`));
  }
  sql.exec("DELETE FROM _durable_export_changed WHERE job = ?", job);
}

/** False for a table that only shows what another one holds, unless that is what is exported. */
function isWatched(table: Table, read: ReadonlySet<string>): boolean {
  return moduleOf(table) !== "fts5vocab" || read.has(table.name);
}

/** What tells of changes of a virtual table: what its rows come from if they are exported, and what it keeps itself if only that is. */
function shownBy(sql: SqlStorage, table: Table, read: ReadonlySet<string>): Origins | null {
  if (read.has(table.name)) return originsOf(sql, table);
  const module = moduleOf(table);
  if (module === "fts5") return { indexes: [table.name], rtrees: [], tables: [] };
  return module?.startsWith("rtree") === true ? originsOf(sql, table) : null;
}

function isThere(sql: SqlStorage): boolean {
  return hasOwn(sql, "_durable_export_changed");
}

/** In place of a state that nothing tells. */
const unknown = "unknown";

function note(sql: SqlStorage, job: string, name: string, state: string | null): void {
  sql.exec("INSERT INTO _durable_export_changed (job, name, state) VALUES (?, ?, ?)", job, name, state ?? unknown);
}

/**
 * What differs after every change: of FTS5 tables their averages and structure records, which each flush writes
 * (https://sqlite.org/fts5.html#fts5_data_structures), of R-Trees a digest; null where there is no such thing.
 */
function stateOf(sql: SqlStorage, origins: Origins | null): string | null {
  if (origins === null) return null;
  const states = [
    ...origins.indexes.map((name) => indexRecords(sql, name)),
    ...origins.rtrees.map((name) => digestOf(sql, name)),
  ];
  return states.includes(null) ? null : states.join(";");
}

function indexRecords(sql: SqlStorage, name: string): string | null {
  flushIndex(sql, name);
  const data = quoteName(`${name}_data`);
  const query = `SELECT group_concat(id || ':' || hex(block)) AS state FROM ${data} WHERE id IN (1, 10)`;
  return sql.exec<{ state: string | null }>(query).one().state;
}
