/** Which alarm stands, and which one the host sees, as the exporter takes the object's alarm and gives it back. */
import { expect, it } from "vitest";
import { alarmPollMs, StoredAlarmTimes } from "../../src/alarm/alarm-times.ts";
import { SharedAlarm } from "../../src/alarm/shared-alarm.ts";
import { makeOwn } from "../../src/schema/own-tables.ts";
import { standingAlarm } from "../support/alarms.ts";
import { withObject } from "../support/slices.ts";

const hour = 3_600_000;
const start = Date.now() + 24 * hour;
/** Milliseconds after `start`: the host's alarm, when the exporter is to be woken, and which alarm stands then. */
const cases: readonly (readonly [number | null, number, number])[] = [
  [null, 0, 0],
  [hour, 0, 0],
  [0, hour, 0],
  [0, 0, 0],
  [alarmPollMs, 0, alarmPollMs], // the host's is so near that it does for both
  [alarmPollMs + 1, 0, 0],
];

it.each(cases)("a host's alarm at %s, the exporter's at %i: the one at %i stands", async (host, own, stands) => {
  await withObject(async (state) => {
    const { storage } = state;
    const hosts = host === null ? null : start + host;
    if (hosts !== null) await storage.setAlarm(hosts);
    makeOwn(storage.sql, "_durable_export_alarm");
    const memory = new StoredAlarmTimes(storage.sql);
    const alarm = SharedAlarm.of(storage, memory);
    expect(alarm.isOpen).toBe(false);

    expect(await alarm.wake(start + own)).toBe(true);
    expect([alarm.isOpen, await standingAlarm(state)]).toEqual([true, start + stands]);
    expect(await storage.getAlarm()).toBe(hosts);

    await storage.setAlarm(start + 5 * hour); // the host's own, seen at once, and no reason to wake later
    expect(await storage.getAlarm()).toBe(start + 5 * hour);
    expect(await standingAlarm(state)).toBe(memory.get().own);

    await alarm.rest();
    expect([alarm.isOpen, await standingAlarm(state)]).toEqual([false, start + 5 * hour]);
    await storage.deleteAlarm();
    expect(await standingAlarm(state)).toBeNull();
  });
});
