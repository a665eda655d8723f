/**
 * One alarm, two owners. An object has a single alarm, and it is the host's. While the exporter needs it, the earlier of both times
 * stands, and the host sees its own (`host-view.ts`); in the host's handler, and until that has been tried for the last time, the exporter sets
 * nothing. docs/alarms.md says what holds, and why.
 */
import { watchdogMs } from "../base/waits.ts";
import { installHostView, type AlarmCalls, type HostsAlarm } from "./host-view.ts";
import { earlier, hostsTime, noTimes, withHosts, type AlarmMemory, type AlarmTimes } from "./alarm-times.ts";
import { withStoredAlarm } from "./stored-alarm.ts";

/** Own alarms that were moved are known by their times for a while: one that was already on its way comes nevertheless. */
const movedKept = 32;

const alarms = new WeakMap<DurableObjectStorage, SharedAlarm>();

/** The exporter's use of the object's alarm; the same for all Exporters of one object. */
export class SharedAlarm implements HostsAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #memory: AlarmMemory;
  #moved: readonly number[] = [];
  #platform: ReturnType<typeof installHostView> | null = null;
  /** Counts what was set, so that nothing is decided by what stood before. */
  #version = 0;

  static of(storage: DurableObjectStorage, memory: AlarmMemory): SharedAlarm {
    const alarm = alarms.get(storage) ?? new SharedAlarm(storage, memory);
    alarms.set(storage, alarm);
    return alarm;
  }

  private constructor(storage: DurableObjectStorage, memory: AlarmMemory) {
    this.#storage = storage;
    this.#memory = memory;
    if (this.isOpen) this.#take(); // in an earlier life of the object
  }

  /** True while the exporter has an alarm set, or the host's moved aside. */
  get isOpen(): boolean {
    return this.#memory.get().own !== null;
  }

  /**
   * Sees to it that `alarm()` is called at a time, Unix milliseconds, or earlier. False while that cannot be: an alarm of the host's is due,
   * its handler runs, or is to be tried again.
   */
  wake(at: number): Promise<boolean> {
    return this.#settled((standing) => this.#hold(at, standing));
  }

  /** The exporter needs no alarm any more: what is left is the host's, if it has one. */
  async rest(): Promise<void> {
    if (this.isOpen) await this.#settled((standing) => this.#release(standing));
  }

  /**
   * Says whose alarm has just fired: true if it was the exporter's, and nothing of the host's is due. To be called first thing in the handler.
   * `next` is when the exporter needs the alarm again.
   */
  async fired(info: AlarmInvocationInfo | undefined, next: number | null): Promise<boolean> {
    const { own, host } = this.#memory.get();
    const [now, at] = [Date.now(), info?.scheduledTime];
    const wasMoved = at !== undefined && this.#moved.includes(at);
    if (own === null) {
      // One that was on its way when it was taken back; unless one of the host's is due, for which the platform comes as well, at that time.
      if (!wasMoved) return false;
      return this.#settled(async (standing) => standing === null || standing > now || standing === at);
    }
    if (host !== null && (host <= now || host === at)) {
      // One that was on its way when another was set in its place: that one comes next, and the host's handler then has its second try. Where the
      // platform has taken this event for it, as it is overdue (workerd io/actor-sqlite.c++:1018), it is set again, or it would go with this event.
      if (wasMoved) {
        const platform = this.#take();
        const isNext = (await platform.getAlarm()) !== null;
        if (!isNext && at !== host) await this.#stand(platform, host);
        if (isNext || at !== host) return true;
      }
      // From here on all is as if there were no exporter: should the handler fail, the platform calls it again, at this very time.
      this.#keep(noTimes);
      this.#moved = this.#moved.filter((time) => time !== (at ?? own));
      return false;
    }
    const isOwn = at === undefined ? own <= now : at === own || wasMoved;
    // The platform may come for an alarm that is overdue at the time of another one (workerd io/actor-sqlite.c++:1018).
    if (!isOwn && !(await this.#settled(async (standing) => standing === own && own <= now))) return false;
    const platform = this.#take();
    const shown = await platform.getAlarm(); // in a handler: what was set since it began, or shortly before
    const others = shown === null || shown === earlier(own, host) ? this.#memory.get().host : shown;
    this.#keep(next === null ? noTimes : { own: next, host: others });
    const left = next === null ? others : earlier(next, others);
    await (left === null ? platform.deleteAlarm() : this.#stand(platform, left));
    return true;
  }

  async hostsGet(calls: AlarmCalls, ...options: Parameters<AlarmCalls["getAlarm"]>): Promise<number | null> {
    const { own, host } = this.#memory.get();
    if (own !== null && (host === null || host > Date.now())) return host;
    const standing = await calls.getAlarm(...options);
    return own === null || standing === null ? standing : host; // null: its handler runs
  }

  async hostsSet(calls: AlarmCalls, ...[time, options]: Parameters<AlarmCalls["setAlarm"]>): Promise<void> {
    this.#version++;
    const set = calls.setAlarm(time, options); // first, as it refuses what is no time
    const at = typeof time === "number" || time instanceof Date ? Math.floor(Number(time)) : Number.NaN;
    const { own } = this.#memory.get();
    if (own === null || !(at > 0)) return set;
    const now = Date.now();
    const host = Math.max(at, now);
    const times = { own: withHosts(Math.max(own, now), host), host };
    this.#keep(times);
    await Promise.all([set, this.#stand(calls, earlier(times.own, times.host))]);
  }

  hostsDelete(calls: AlarmCalls, ...options: Parameters<AlarmCalls["deleteAlarm"]>): Promise<void> {
    this.#version++;
    const { own } = this.#memory.get();
    if (own === null) return calls.deleteAlarm(...options);
    const at = Math.max(own, Date.now());
    this.#keep({ own: at, host: null });
    return this.#stand(calls, at);
  }

  /** All that the object had is gone, and its alarm as well, if the compatibility date says so: another one that is left is the exporter's. */
  async hostsDeletedAll(calls: AlarmCalls, { own, host }: AlarmTimes): Promise<void> {
    const version = ++this.#version;
    this.#remember(own, host);
    if (own === null || (await calls.getAlarm()) === null || version !== this.#version) return;
    await (host === null ? calls.deleteAlarm() : calls.setAlarm(host));
  }

  times(): AlarmTimes {
    return this.#memory.get();
  }

  /** From here on the host sees its own alarm alone. */
  #take(): ReturnType<typeof installHostView> {
    this.#platform ??= installHostView(this.#storage, this);
    return this.#platform;
  }

  #settled<T>(change: (standing: number | null) => Promise<T>): Promise<T> {
    const platform = this.#take();
    let version = this.#version;
    const isStale = () => {
      const isOld = version !== this.#version;
      version = this.#version;
      return isOld;
    };
    return withStoredAlarm(platform, isStale, change);
  }

  async #hold(at: number, standing: number | null): Promise<boolean> {
    const now = Date.now();
    const { own, host } = this.#memory.get();
    const expected = own === null ? null : earlier(own, host);
    if (standing !== null && standing <= now) {
      // What is set now would take its place, and that of its second try.
      if (own !== null && standing !== expected) this.#keep(noTimes);
      return standing === own && expected === own && own !== host;
    }
    const wanted = Math.max(at, now);
    // One that fires a little early does no harm, and each one set is a row written.
    if (own !== null && standing === expected && own > now && own <= wanted && wanted - own <= watchdogMs) return true;
    const hosts = hostsTime(this.#memory.get(), standing, now);
    const next = withHosts(wanted, hosts);
    this.#keep({ own: next, host: hosts });
    const first = earlier(next, hosts);
    if (first !== standing) await this.#set(first);
    return true;
  }

  async #release(standing: number | null): Promise<void> {
    const { own, host } = this.#memory.get();
    if (own === null) return;
    const platform = this.#take();
    this.#keep(noTimes);
    if (standing !== earlier(own, host)) return; // the host's already, or its handler runs
    if (host === null) await platform.deleteAlarm();
    else if (host !== standing) await platform.setAlarm(host);
  }

  /** Where the class has no alarm(), nothing is kept of it either. */
  async #set(at: number): Promise<void> {
    try {
      await this.#stand(this.#take(), at);
    } catch (error) {
      this.#keep(noTimes);
      throw error;
    }
  }

  /** Sets the alarm; a time that has passed becomes the platform's own now, so what stands is read back, in the same turn. */
  async #stand(calls: AlarmCalls, at: number): Promise<void> {
    const [, stands] = await Promise.all([calls.setAlarm(at), calls.getAlarm()]);
    const { own, host } = this.#memory.get();
    if (stands === null || stands === at || own === null) return;
    if (own === at || host === at) this.#keep({ own: own === at ? stands : own, host: host === at ? stands : host });
  }

  #keep(times: AlarmTimes): void {
    const { own, host } = this.#memory.get();
    this.#version++;
    if (own !== times.own) this.#remember(own, host);
    this.#memory.set(times);
  }

  #remember(own: number | null, host: number | null): void {
    if (own !== null && own !== host) this.#moved = [...this.#moved, own].slice(-movedKept);
  }
}
