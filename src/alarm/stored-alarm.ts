/**
 * The alarm that really stands. While an alarm handler runs, the platform shows no alarm, although the one that it runs for is
 * still stored, and comes again should the handler fail. An alarm that is set in that time takes the place of this second try
 * (workerd server/alarm-scheduler.c++:237), so it has to be known whether a handler runs: any class's, for any reason.
 */

/** The parts of `DurableObjectStorage` that have to do with alarms, as the platform has them. */
export type AlarmStorage = Pick<
  DurableObjectStorage,
  "getAlarm" | "setAlarm" | "deleteAlarm" | "transaction" | "transactionSync" | "sql"
>;

/**
 * Calls `change` with the time of the alarm that stands, Unix milliseconds, and in the turn in which that is known: also with the
 * time of the one whose handler runs. `isStale` says that somebody has set another one while it was looked for.
 */
export async function withStoredAlarm<T>(
  storage: AlarmStorage,
  isStale: () => boolean,
  change: (standing: number | null) => Promise<T>,
): Promise<T> {
  const shown = await storage.getAlarm();
  if (isStale()) return withStoredAlarm(storage, isStale, change);
  if (shown !== null || !wasEverSet(storage.sql)) return change(shown);
  const found = await storage.transaction(async (transaction) => {
    setAndTakeBack(storage);
    const stored = await storage.getAlarm();
    const wasStale = isStale();
    if (stored === null && !wasStale) return { result: await change(null) };
    transaction.rollback(); // committed, it would make the platform forget that the handler's alarm has to go
    return { stored, wasStale };
  });
  if ("result" in found) return found.result;
  return found.wasStale || isStale() ? withStoredAlarm(storage, isStale, change) : change(found.stored);
}

/**
 * In a transaction in which an alarm was set, the platform shows what is stored, a handler or not (workerd io/actor-sqlite.c++:722).
 * Setting one and taking it back leaves what was stored. It closes no cursor that reads.
 */
function setAndTakeBack(storage: AlarmStorage): void {
  const back = new Error("taken back");
  try {
    storage.transactionSync(() => {
      storage.setAlarm(Date.now()).catch(() => {}); // a class without alarm() may set none
      throw back;
    });
  } catch (error) {
    if (error !== back) throw error;
  }
}

/** The platform makes its table with the first alarm of an object's life: made and taken back, it would close the host's cursors. */
function wasEverSet(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_schema WHERE name = '_cf_METADATA'").toArray().length > 0;
}
