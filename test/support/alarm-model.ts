/** What the platform alone would have done with a host's alarm, told from the host's diary: who breaks it is named. */
import type { Line } from "./diary-host.ts";

/** How late and how early things may be, in milliseconds. */
export interface Bounds {
  /** An alarm behind its time, where nothing was lost. */
  readonly late: number;
  /** An alarm behind its time, where the object was lost meanwhile: it is woken by the platform, or by the next request. */
  readonly afterLoss: number;
}

/** The alarm as it is in the model. */
interface State {
  /** When the handler is to run next, Unix milliseconds; null for never. */
  due: number | null;
  /** The time that was set for it. */
  set: number | null;
  /** Runs that have failed; null where the platform comes at the time of an earlier alarm, and counts for that. */
  retry: number | null;
  /** While the handler runs: whether the alarm has been set or deleted since it began. */
  running: { touched: boolean; retry: number; set: number | null; wasLost: boolean; isStale: boolean } | null;
  /** The object was lost since the alarm was set. */
  wasLost: boolean;
  /** How much later than that it may be, besides, in milliseconds. */
  jitter: number;
  /** When the last of the second tries was to come, Unix milliseconds. */
  behind: number;
  /** The time of an alarm that may come once more. */
  mayRun: number | null;
  /** When the handler last began to run, Unix milliseconds. */
  ran: number | null;
  /** What ran last, and when it was over: lost right behind that, it may be called again, as the platform promises "at least once". */
  over: { at: number; set: number | null } | null;
}

/** Seconds until the first try after a failure, doubled each time; and as much as a quarter more (workerd server/alarm-scheduler.h). */
const retryMs = 2_000;

/** How long it may take until the platform has written down that a handler has succeeded, in milliseconds. */
const atLeastOnceMs = 2_000;

/** What in a diary the platform alone would not have done, and when the handler is to run next. */
export function judge(
  diary: readonly Line[],
  bounds: Bounds,
): { readonly faults: readonly string[]; readonly due: number | null } {
  const faults: string[] = [];
  const state: State = {
    due: null,
    set: null,
    retry: 0,
    running: null,
    wasLost: false,
    jitter: 0,
    behind: 0,
    over: null,
    ran: null,
    mayRun: null,
  };
  const fault = (what: string, at: number) => faults.push(`${what} (${at})`);
  const touch = (set: number | null) => {
    // What is set while a second try waits comes no earlier than that would have (workerd server/alarm-scheduler.c++:127).
    const isBehind = state.retry !== 0 && state.due !== null;
    if (isBehind) state.behind = (state.due ?? 0) + state.jitter;
    const jitter = set === null ? 0 : Math.max(0, state.behind - set);
    Object.assign(state, { due: set, set, retry: isBehind || jitter > 0 ? null : 0, wasLost: false, jitter });
    if (state.running !== null) state.running.touched = true;
    state.over = null;
  };
  for (const { kind, at, time, retry } of diary) {
    const allowed = (state.wasLost ? bounds.afterLoss : bounds.late) + state.jitter;
    const isOverdue = state.due !== null && state.running === null && at - state.due > allowed;
    if (kind !== "run" && kind !== "lost" && isOverdue) {
      fault(`an alarm did not come for ${at - (state.due ?? 0)} ms`, at);
      state.due = null; // told once
    }
    if (kind === "set") touch(Math.max(time ?? 0, at));
    else if (kind === "delete") touch(null);
    else if (kind === "saw") {
      // Shown is what stands; the one whose handler runs is not, one that is to be tried again is.
      const isUndone = state.running !== null && !state.running.touched;
      const shown = isUndone ? null : state.set;
      const isClose = time !== null && shown !== null && Math.abs(time - shown) <= 50; // a time that has passed is set to now
      const isAboutToRun = shown !== null && time === null && shown <= at; // its event has begun, its handler has not
      // one event did for both alarms, so late that both were due, and it is to be tried again: docs/alarms.md
      const isOfBoth = time !== null && shown !== null && time < shown && shown <= (state.ran ?? 0);
      if (time !== shown && time !== state.mayRun && !isClose && !isAboutToRun && !isOfBoth)
        fault(`saw ${time}, where ${shown} was set`, at);
    } else if (kind === "run") {
      if (state.running !== null) fault("two handlers at once", at);
      if (state.due === null && state.mayRun !== null) {
        state.set = state.mayRun; // shown again, should it fail this time
        state.mayRun = null;
      } else if (state.due === null) fault("a run that was not set", at);
      else if (at < state.due - 1) fault(`a run ${state.due - at} ms early`, at);
      else if (at - state.due > allowed) fault(`a run ${at - state.due} ms late`, at);
      if (!state.wasLost && state.due !== null && state.retry !== null && retry !== state.retry)
        fault(`retry ${retry} for ${state.retry}`, at);
      state.ran = at;
      state.running = { touched: false, retry, set: state.set, wasLost: state.wasLost, isStale: state.retry === null };
      Object.assign(state, { due: null, set: null, wasLost: false, jitter: 0 });
    } else if (kind === "ok" || kind === "failed") {
      const { running } = state;
      state.running = null;
      state.over = running === null || running.touched || kind === "failed" ? null : { at, set: running.set };
      if (kind === "failed" && running !== null && !running.touched) {
        // The platform gives it up after six tries; no host here fails so often.
        const wait = retryMs * 2 ** running.retry;
        const { set, wasLost, isStale } = running; // what was lost may have counted as a try
        if (isStale) Object.assign(state, { due: at, set, retry: null, wasLost, jitter: wait * 1.25 });
        else Object.assign(state, { due: at + wait, set, retry: running.retry + 1, wasLost, jitter: wait / 4 });
      }
    } else if (kind === "lost") {
      const { running } = state;
      state.running = null;
      // A handler that is lost is called again.
      if (running !== null && !running.touched)
        Object.assign(state, {
          due: at - 1,
          set: running.set,
          retry: null,
          jitter: retryMs * 1.25 * 2 ** running.retry,
        });
      else if (state.over !== null && at - state.over.at < atLeastOnceMs) state.mayRun = state.over.set;
      Object.assign(state, { wasLost: true, over: null });
    }
  }
  return { faults, due: state.running === null ? state.due : Number.NEGATIVE_INFINITY };
}
