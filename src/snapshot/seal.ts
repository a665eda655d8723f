/**
 * What tells that a table is still the one that an export began with. A table that is dropped and made anew may have the same text, and the
 * same line in `sqlite_schema`: new lines go behind the last one. So an export puts a line of its own behind all others, and whatever is made
 * from then on stands behind that: a table, or a trigger by which the export sees changes, is the same one if its line is.
 */
import { quoteName } from "../../formats/kit/expression.ts";
import { ExportError } from "../errors.ts";
import { undoPrefix, watchPrefix } from "../schema/own-tables.ts";
import { altering, schemaMark, schemaVersion } from "../schema/schema-version.ts";

/** Plain data. */
export interface Seal {
  /** Its own line. */
  readonly line: number;
  /** Triggers of the export's in front of it. */
  readonly triggers: number;
}

const nameOf = (job: string) => `${watchPrefix(job)}seal`;

/** Seals the schema as it is. To be called when all triggers of the export are made; `stopTracking` takes it away. */
export function seal(sql: SqlStorage, job: string): Seal {
  const name = nameOf(job);
  altering(sql, () =>
    sql.exec(`CREATE TRIGGER ${quoteName(name)} AFTER DELETE ON _durable_export_changed WHEN 0 BEGIN SELECT 1; END`),
  );
  const { line } = sql.exec<{ line: number }>("SELECT rowid AS line FROM sqlite_schema WHERE name = ?", name).one();
  return resealed(sql, job, { line, triggers: 0 });
}

/** What was counted last of an export's triggers, and of which schema that was. */
interface Counted {
  readonly mark: string;
  readonly version: number;
  readonly seal: Seal;
}

const counted = new WeakMap<SqlStorage, Map<string, Counted>>();

/** The same seal, where the export itself has taken triggers away. */
export function resealed(sql: SqlStorage, job: string, { line }: Seal): Seal {
  const mark = schemaMark(sql);
  const all = counted.get(sql) ?? new Map<string, Counted>();
  const last = all.get(job);
  if (last?.mark === mark && last.seal.line === line) return last.seal;
  const [undo, watch] = [undoPrefix(job), watchPrefix(job)];
  const query =
    "SELECT count(*) AS triggers FROM sqlite_schema WHERE type = 'trigger' AND rowid < ?1 AND (substr(name, 1, length(?2)) = ?2 OR substr(name, 1, length(?3)) = ?3)";
  const now: Seal = { line, triggers: sql.exec<{ triggers: number }>(query, line, undo, watch).one().triggers };
  counted.set(sql, new Map([[job, { mark, version: schemaVersion(sql), seal: now }]])); // of the one that is under way
  return now;
}

/** True if nobody has taken the seal away, or a trigger in front of it. */
export function isWhole(sql: SqlStorage, job: string, one: Seal): boolean {
  const last = counted.get(sql)?.get(job);
  const isSame = last?.seal.line === one.line && last.seal.triggers === one.triggers;
  if (isSame && last.version === schemaVersion(sql)) return true; // whoever else may have done that has changed no schema
  const own = sql.exec("SELECT 1 FROM sqlite_schema WHERE rowid = ? AND name = ?", one.line, nameOf(job)).toArray();
  return own.length > 0 && resealed(sql, job, one).triggers === one.triggers;
}

/** For an export whose seal is not whole: it can no longer tell what was changed. */
export function sealBroken(): ExportError {
  const gone = "a table was dropped while it ran, or triggers by which changes are seen";
  return new ExportError("schema_changed", `Cannot go on with the export: ${gone}`);
}
