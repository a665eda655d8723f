/**
 * What the host sees of the alarm: its own. As long as the exporter needs the object's only alarm, `getAlarm`, `setAlarm` and
 * `deleteAlarm` of `ctx.storage`, and of the transactions that it begins, go by what the host has set itself.
 */
import type { AlarmTimes } from "./alarm-times.ts";
import type { AlarmStorage } from "./stored-alarm.ts";

/** The platform's own calls: of the storage, or of one transaction. */
export type AlarmCalls = Pick<DurableObjectStorage, "getAlarm" | "setAlarm" | "deleteAlarm">;

/** The host's alarm, whatever the exporter has made of the object's. */
export interface HostsAlarm {
  times(): AlarmTimes;
  hostsGet(calls: AlarmCalls, ...options: Parameters<AlarmCalls["getAlarm"]>): Promise<number | null>;
  hostsSet(calls: AlarmCalls, ...options: Parameters<AlarmCalls["setAlarm"]>): Promise<void>;
  hostsDelete(calls: AlarmCalls, ...options: Parameters<AlarmCalls["deleteAlarm"]>): Promise<void>;
  hostsDeletedAll(calls: AlarmCalls, times: AlarmTimes): Promise<void>;
}

/** Puts the host's view in front of the storage's calls; gives those as they were, which are the platform's, or another wrapper's. */
export function installHostView(storage: DurableObjectStorage, alarm: HostsAlarm): AlarmStorage {
  const platform = {
    ...callsOf(storage),
    transaction: storage.transaction.bind(storage),
    transactionSync: storage.transactionSync.bind(storage),
    sql: storage.sql,
  };
  const deleteAll = storage.deleteAll.bind(storage);
  override(storage, {
    ...viewOf(platform, alarm),
    transaction: <T>(closure: (transaction: DurableObjectTransaction) => Promise<T>) =>
      platform.transaction((transaction) => {
        override(transaction, viewOf(callsOf(transaction), alarm));
        return closure(transaction);
      }),
    deleteAll: async (options?: DurableObjectPutOptions) => {
      const times = alarm.times(); // they go with the rest
      const deleted = deleteAll(options);
      await Promise.all([deleted, alarm.hostsDeletedAll(platform, times)]);
    },
  });
  return platform;
}

function callsOf(storage: AlarmCalls): AlarmCalls {
  return {
    getAlarm: storage.getAlarm.bind(storage),
    setAlarm: storage.setAlarm.bind(storage),
    deleteAlarm: storage.deleteAlarm.bind(storage),
  };
}

function viewOf(calls: AlarmCalls, alarm: HostsAlarm): AlarmCalls {
  return {
    getAlarm: (...options) => alarm.hostsGet(calls, ...options),
    setAlarm: (...options) => alarm.hostsSet(calls, ...options),
    deleteAlarm: (...options) => alarm.hostsDelete(calls, ...options),
  };
}

/** Own properties of the one object: its class, and all other objects of it, stay as they are. */
function override(storage: AlarmCalls, calls: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(calls))
    Object.defineProperty(storage, name, { value, configurable: true, writable: true, enumerable: false });
}
