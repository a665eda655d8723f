/**
 * Looks after the exporter's work as long as the object lives: that an alarm stands for it, whatever the host does with its own, and
 * that it goes on where no alarm can be set, or none comes. One for each object, whatever number of Exporters it has.
 */
import { maxWaitMs, watchdogMs } from "../base/waits.ts";
import { alarmPollMs } from "./alarm-times.ts";
import type { WakeSchedule } from "./wake-schedule.ts";

/** Work that is due for so long, and for which no alarm has come, in milliseconds, is done without one, as long as the object lives. */
const alarmLateMs = 1_000;

/** A dump whose time is over within so long, in milliseconds, is waited for; for any other nobody is kept awake. */
const expirySoonMs = 10_000;

/** What there is to do. */
export interface Work {
  /** True where jobs can be done: there is a bucket. */
  readonly isWhole: boolean;
  readonly wakeSchedule: Pick<WakeSchedule, "wake" | "rest">;
  /** Puts right what an earlier instance of the object has left. */
  recover(): void;
  /** When there is something to do next, Unix milliseconds; null with nothing to do. */
  nextMs(): number | null;
  /** When the next of the finished dumps is to go, Unix milliseconds. */
  nextExpiryMs(): number | null;
  /** Does what is due. Never called twice at once. */
  run(): Promise<void>;
}

const loops = new WeakMap<DurableObjectState, WorkLoop>();

export class WorkLoop {
  /** Identifies this instance of the object: leases of any other are void. */
  readonly instanceId = crypto.randomUUID();
  readonly #ctx: DurableObjectState;
  #work: Work | null = null;
  #isBusy = false;
  /** Only the latest watch goes on. */
  #watch = 0;

  static of(ctx: DurableObjectState): WorkLoop {
    const loop = loops.get(ctx) ?? new WorkLoop(ctx);
    loops.set(ctx, loop);
    return loop;
  }

  private constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** The Exporter that is used last does the work. */
  serve(work: Work): void {
    if (work.isWhole || this.#work?.isWhole !== true) this.#work = work;
  }

  /** When the object is to be woken next, Unix milliseconds; null with nothing to do. */
  nextMs(): number | null {
    const next = this.#work?.nextMs() ?? null;
    const now = Date.now();
    // What is under way has an alarm behind it, in case that it never comes back.
    return next !== null && (this.#isBusy || next <= now) ? now + watchdogMs : next;
  }

  /** Sets the alarm for what is to be done next. False while it cannot be set. */
  async arm(): Promise<boolean> {
    const next = this.#isBusy ? this.nextMs() : (this.#work?.nextMs() ?? null);
    if (next !== null) return this.#work?.wakeSchedule.wake(next) ?? true;
    await this.#work?.wakeSchedule.rest();
    return true;
  }

  /** Sees to it that there is an alarm for what is to be done, now and for as long as that is in doubt. */
  watch(afterMs = 0): void {
    this.#ctx.waitUntil(this.#watchOver(++this.#watch, afterMs));
  }

  /** An alarm has come: what is due is done, beside it, so that the host's own alarm never waits for a slice, nor for R2. */
  drive(): void {
    const run = async () => {
      await scheduler.wait(0); // the host's handler first
      await this.#run();
    };
    this.#ctx.waitUntil(run());
  }

  async #watchOver(watch: number, afterMs: number): Promise<void> {
    await scheduler.wait(afterMs); // a host that is being made is made first
    for (let look = 0; watch === this.#watch; look++) {
      const pause = await this.#look(look);
      if (pause === null) return;
      await scheduler.wait(pause);
    }
  }

  /** How long until it is worth another look, in milliseconds; null if it is not. */
  async #look(look: number): Promise<number | null> {
    const work = this.#work;
    if (work === null) return null;
    try {
      if (!this.#isBusy) work.recover();
      const isArmed = await this.arm();
      const now = Date.now();
      const next = work.nextMs();
      const expiry = work.nextExpiryMs();
      const isDue = (next !== null && now - next >= (isArmed ? alarmLateMs : 0)) || (expiry !== null && expiry <= now);
      if (isDue && !this.#isBusy) {
        await this.#run();
        return null;
      }
      if (isArmed && (next === null || this.#isBusy || next > now + alarmLateMs)) return soon(expiry, now);
      return isArmed ? alarmLateMs : Math.min(alarmPollMs, 2 ** look);
    } catch (error) {
      console.error("Cannot see to the exporter's alarm:", error);
      return Math.min(maxWaitMs, alarmLateMs * 2 ** look);
    }
  }

  /** What concerns a job alone is in its row: should this fail, it is something else, and tried again later. */
  async #run(): Promise<void> {
    if (this.#work === null || this.#isBusy) return this.watch();
    this.#isBusy = true;
    let afterMs = 0;
    try {
      await this.#work.run();
    } catch (error) {
      console.error("Cannot go on with the exporter's work:", error);
      afterMs = watchdogMs;
    } finally {
      this.#isBusy = false;
    }
    this.watch(afterMs);
  }
}

function soon(expiry: number | null, now: number): number | null {
  return expiry !== null && expiry - now <= expirySoonMs ? Math.max(0, expiry - now) : null;
}
