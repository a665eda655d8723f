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

/**
 * How often the alarm is looked after while it cannot be set, in milliseconds: a host's alarm handler runs. A host's alarm that is so near needs no other
 * one in front of it.
 */
export const alarmPollMs = 250;

/** The earlier of both times. */
export function earlier(own: number, host: number | null): number {
  return host === null ? own : Math.min(own, host);
}

/** The exporter's time; the host's if that is shortly after it: one event, which has the host's time, does for both. */
export function withHosts(own: number, host: number | null): number {
  return host !== null && host > own && host - own <= alarmPollMs ? host : own;
}

/**
 * When the host wants to be woken, where an alarm is stored for the time `stored`, or none is. An alarm for another time than the exporter has
 * set is the host's: it was set past the exporter.
 */
export function hostsTime({ own, host }: AlarmTimes, stored: number | null, now: number): number | null {
  if (own === null) return stored;
  const expected = earlier(own, host);
  if (stored !== null) return stored === expected ? host : stored;
  if (expected > now) return null; // deleted, by other ways than the host's view
  return host !== null && host > now ? host : null; // it has fired
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
