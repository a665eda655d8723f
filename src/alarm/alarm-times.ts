/** What the exporter has made of the object's alarm, in a table of its own: it commits, and is rolled back, with the alarm itself. */
import { hasOwn, hasJobTables } from "../schema/own-tables.ts";

/** Two times, Unix milliseconds. The alarm that is set is the earlier one. */
export interface AlarmTimes {
  /** When the exporter is to be woken; null while the alarm is the host's alone. */
  readonly own: number | null;
  /** The host's own alarm; null if it has none, or while the alarm is the host's alone. */
  readonly host: number | null;
}

export const noTimes: AlarmTimes = { own: null, host: null };

/** Where alarm times are stored. */
export interface AlarmMemory {
  /** False until there is something to store them in. */
  readonly exists: boolean;
  get(): AlarmTimes;
  set(times: AlarmTimes): void;
}

/** Stores the alarm times of one object in its database. Synchronous. */
export class StoredAlarmTimes implements AlarmMemory {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get exists(): boolean {
    return hasJobTables(this.#sql);
  }

  get(): AlarmTimes {
    // only the one table: this is asked for at each of the host's alarm calls
    if (!hasOwn(this.#sql, "_durable_export_alarm")) return noTimes;
    const query = "SELECT own, host FROM _durable_export_alarm";
    return this.#sql.exec<{ own: number | null; host: number | null }>(query).toArray()[0] ?? noTimes;
  }

  set({ own, host }: AlarmTimes): void {
    this.#sql.exec("INSERT OR REPLACE INTO _durable_export_alarm (one, own, host) VALUES (1, ?, ?)", own, host);
  }
}
