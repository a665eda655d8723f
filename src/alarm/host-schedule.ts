/** Wakes the object by a schedule that the host keeps: asked for as seldom as can be, as each call may be a row there. */
import type { AlarmMemory } from "./alarm-times.ts";
import type { WakeSchedule } from "./wake-schedule.ts";

/** A time that a host's schedule was asked for, and that has passed for so long, in milliseconds, will not come: it is asked for again. */
const scheduleLateMs = 5_000;

/** A schedule of whole seconds may be early by so much, in milliseconds. */
const scheduleEarlyMs = 1_000;

/** Two times are remembered: the next that was asked for (`own`), and one behind it that has been asked for before (`host`). */
export class HostSchedule implements WakeSchedule {
  readonly #memory: AlarmMemory;
  readonly #ask: (at: number) => void | Promise<void>;
  /** The earliest time that is being asked for. */
  #asking = Number.POSITIVE_INFINITY;

  constructor(memory: AlarmMemory, ask: (at: number) => void | Promise<void>) {
    this.#memory = memory;
    this.#ask = ask;
  }

  async wake(at: number): Promise<boolean> {
    const now = Date.now();
    const wanted = Math.max(at, now);
    const { own } = this.#memory.get();
    const isAsked = own !== null && own <= wanted && now < own + scheduleLateMs; // later than that, it was lost
    if (isAsked || this.#asking <= wanted) return true;
    this.#asking = wanted;
    try {
      await this.#ask(wanted);
      const before = this.#memory.get();
      const isLater = before.own !== null && before.own > wanted;
      this.#memory.set({ own: wanted, host: isLater ? before.own : null });
    } finally {
      this.#asking = Number.POSITIVE_INFINITY;
    }
    return true;
  }

  /** What was asked for stands in the host's schedule, and cannot be taken back. */
  async rest(): Promise<void> {}

  async fired(): Promise<boolean> {
    const due = Date.now() + scheduleEarlyMs;
    const { own, host } = this.#memory.get();
    if (own === null || own > due) return this.#memory.exists;
    this.#memory.set({ own: host !== null && host > due ? host : null, host: null });
    return true;
  }
}
