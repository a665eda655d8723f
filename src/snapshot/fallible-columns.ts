/**
 * Generated columns that cannot be computed only because there is a trigger. SQLite computes all of a table before each BEFORE trigger, and
 * not from what they will be made of in the end: the columns that an UPDATE leaves as they are are NULL there if no trigger names them
 * (update.c, `newmask`), and an automatic rowid is -1 (insert.c). `json_object(name, value)` fails for a NULL name, and the host's
 * UPDATE with it. What was read to know the row as it was, all columns are where a trigger names one behind the 32nd (trigger.c,
 * `sqlite3TriggerColmask`).
 */
import { foldAscii, quoteName } from "../../formats/kit/expression.ts";
import { nameOf } from "../../formats/kit/tokens.ts";
import { fallibleOf, infallibleForNumbers, sourcesOf } from "./generated-columns.ts";
import { hostTriggersOn } from "./host-triggers.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { hasAutomatic } from "./conflicts.ts";

/** Columns whose uses SQLite tells apart in one word of bits. */
const maskedColumns = 32;

/** True for a table on which statements of the host's may fail as soon as there are a log's triggers. */
export function mayHinder(sql: SqlStorage, table: SourceTable): boolean {
  const { key, kept, columns } = table;
  const sources = sourcesOf(table);
  const isOfAutomatic = fallibleOf(table, infallibleForNumbers).some((name) => hasAutomatic(table, sources(name)));
  // a BEFORE INSERT trigger of the host's own has the same effect
  if (isOfAutomatic && !hostTriggersOn(sql, table).some(({ isBefore, event }) => isBefore && event === "insert"))
    return true;
  const virtual = fallibleOf(table).filter((name) => !kept.some((column) => column.name === name));
  const isKey = ({ sql: column }: SourceTable["columns"][number]) =>
    key.kind === "columns" && key.columns.some((one) => one.sql === column);
  return virtual.length > 0 && columns.slice(maskedColumns).some(isKey);
}

/** The columns that a BEFORE UPDATE trigger is to name, and which columns' updates it is for; null for all. */
interface Named {
  readonly columns: readonly string[];
  readonly updated: readonly string[] | null;
}

/**
 * What those that may fail are made of is named. Not where a BEFORE UPDATE trigger of the host's fires as well: it is there without a log,
 * too, and may change the row so that it can be computed.
 */
export function namedFor(sql: SqlStorage, table: SourceTable): Named | null {
  const sources = sourcesOf(table);
  const columns = [...new Set(fallibleOf(table).flatMap((name) => [...sources(name)]))];
  if (columns.length === 0) return null;
  const own = hostTriggersOn(sql, table).filter(({ isBefore, event }) => isBefore && event === "update");
  if (own.length === 0) return { columns, updated: null };
  if (own.some((trigger) => trigger.columns === null)) return null;
  const theirs = new Set(own.flatMap((trigger) => trigger.columns ?? []).map(nameOf));
  const names = [...table.insertableColumns.map(({ name }) => name), "rowid", "_rowid_", "oid"];
  const updated = [...new Set(names.filter((name) => !theirs.has(foldAscii(name))).map(quoteName))];
  return { columns, updated };
}
