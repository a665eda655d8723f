/**
 * One alarm, two owners. An object has a single alarm, and the host may use it too: the exporter only ever moves the
 * host's earlier, remembers its time when it does, and puts it back.
 */
import type { AlarmTimes } from "./job-store.ts";

/** The part of `DurableObjectStorage` that has to do with alarms. */
export type AlarmStorage = Pick<DurableObjectStorage, "getAlarm" | "setAlarm" | "deleteAlarm">;

/** Keeps the alarm times; they live in the same database as the alarm, and commit with it. */
export interface AlarmMemory {
  alarmTimes(): AlarmTimes;
  setAlarmTimes(times: AlarmTimes): void;
}

/** Whose turn it is when an alarm has fired. */
export interface Turn {
  /** The alarm was one that the exporter had set. */
  readonly isOwn: boolean;
  /** The host's own alarm was due as well, after the exporter had moved it aside. */
  readonly isHosts: boolean;
}

/** The exporter's use of the object's alarm. */
export class SharedAlarm {
  readonly #storage: AlarmStorage;
  readonly #memory: AlarmMemory;

  constructor(storage: AlarmStorage, memory: AlarmMemory) {
    this.#storage = storage;
    this.#memory = memory;
  }

  /** Makes sure that an alarm fires at this time, Unix milliseconds, or that the host's fires earlier. An own one is moved. */
  async arm(at: number): Promise<void> {
    const existing = await this.#storage.getAlarm();
    const { own, host } = this.#memory.alarmTimes();
    if (existing !== null && existing <= at && existing !== own) return; // whatever fires then comes by `fired` and is armed anew
    const isHosts = existing !== null && existing !== own;
    const wanted = isHosts ? existing : host;
    if (wanted !== null && wanted <= at) {
      this.#memory.setAlarmTimes({ own: null, host: null });
      await this.#storage.setAlarm(wanted); // the host's comes first, and is its own again
    } else {
      this.#memory.setAlarmTimes({ own: at, host: wanted });
      const [, set] = await Promise.all([this.#storage.setAlarm(at), this.#storage.getAlarm()]);
      // The platform makes a time that has passed its own now; what it made of it tells the alarm as ours later on.
      if (set !== null && set !== at) this.#memory.setAlarmTimes({ own: set, host: wanted });
    }
  }

  /** Says whose alarm has just fired. To be called once, first thing in the handler. */
  fired(now: number): Turn {
    const { own, host } = this.#memory.alarmTimes();
    const isHosts = host !== null && host <= now;
    if (own !== null || isHosts) this.#memory.setAlarmTimes({ own: null, host: isHosts ? null : host });
    return { isOwn: own !== null && own <= now, isHosts };
  }

  /** The exporter needs no alarm any more: what is left is the host's, if it had one. */
  async release(): Promise<void> {
    const existing = await this.#storage.getAlarm();
    const { own, host } = this.#memory.alarmTimes();
    if (own === null && host === null) return;
    this.#memory.setAlarmTimes({ own: null, host: null });
    if (existing !== null && existing !== own) return;
    if (host !== null) await this.#storage.setAlarm(host);
    else if (existing !== null) await this.#storage.deleteAlarm();
  }
}
