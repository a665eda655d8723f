/** The host's alarm beside jobs: never lost, never late, never early, never one that it did not set; and no job stands still. docs/alarms.md */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { manifestKey } from "../../src/api.ts";
import { beside, standingAlarm, thePlatforms } from "../support/alarms.ts";
import { forwardedTo } from "../support/jobs.ts";
import type { DiaryHost } from "../support/diary-host.ts";

/** A host's alarm may be so late, in milliseconds: docs/alarms.md. */
const boundMs = 1_000;
const month = 30 * 24 * 3_600_000;

type Stub = DurableObjectStub<DiaryHost>;
const newHost = () => env.DIARY_HOST.get(env.DIARY_HOST.newUniqueId());

/** By a new stub each time: an abort breaks those that were there. */
const inHost = <T>({ id }: Stub, use: (host: DiaryHost, state: DurableObjectState) => T | Promise<T>): Promise<T> =>
  runInDurableObject(env.DIARY_HOST.get(id), use);

/** Waits for a dump by what is in R2: nobody asks the object. */
async function stored(stub: Stub, dumpId: string, timeout = 30_000): Promise<void> {
  const key = manifestKey(stub.id.toString(), dumpId);
  await vi.waitFor(async () => expect(await env.EXPORTS.head(key)).not.toBeNull(), { timeout, interval: 50 });
}

/** Starts a job that takes some seconds, as R2 does. */
async function slowJob(stub: Stub, lag: number): Promise<string> {
  return inHost(stub, async (host) => {
    host.lag = lag;
    return (await host.exporter.start({ tables: ["files"] })).dumpId;
  });
}

const runsOf = (stub: Stub) => inHost(stub, ({ runs }) => runs);

describe("a host's alarm", () => {
  it("fires once, and in time, whenever it is set while a job starts and runs", async () => {
    const outcomes: number[][] = [];
    let bound = boundMs;
    for (let first = 0; first < 120; first += 40) {
      const moments = Array.from({ length: 10 }, (_, index) => first + index * 4);
      const tried = moments.map(async (moment) => {
        const stub = newHost();
        const [dumpId, time] = await inHost(stub, async (host) => {
          const started = host.exporter.start({ tables: ["files"] });
          if (moment > 0) await scheduler.wait(moment);
          await host.set(700);
          return [(await started).dumpId, host.diary.at(-1)?.time ?? 0] as const;
        });
        await stored(stub, dumpId);
        await scheduler.wait(Math.max(0, time + 2 * boundMs - Date.now()));
        return (await runsOf(stub)).map(({ at }) => at - time);
      });
      await beside(Promise.all(tried), (lag) => (bound = Math.max(bound, boundMs + lag)));
      outcomes.push(...(await Promise.all(tried)));
    }
    expect(outcomes).toHaveLength(30);
    expect(outcomes.filter((runs) => runs.length !== 1)).toEqual([]);
    expect(Math.min(...outcomes.flat())).toBeGreaterThanOrEqual(0);
    expect(Math.max(...outcomes.flat())).toBeLessThan(bound);
  });

  it("is what it would be without the exporter once a dump is made: none, or the host's own", async () => {
    const stub = newHost();
    await stored(stub, await slowJob(stub, 0));
    await inHost(stub, async (host, state) => {
      await vi.waitFor(async () => expect(await standingAlarm(state)).toBeNull());
      await host.setIfNone(month);
      const { time } = host.diary.at(-1) ?? {};
      expect(await standingAlarm(state)).toBe(time);
      expect(await host.see()).toBe(time);
    });
    await stored(stub, await slowJob(stub, 0));
    await inHost(stub, async (host, state) => {
      const { time } = host.diary.findLast(({ kind }) => kind === "set") ?? {};
      await vi.waitFor(async () => expect(await standingAlarm(state)).toBe(time));
    });
    expect(await runsOf(stub)).toEqual([]);
  });

  it("is seen by the host as its own while a job runs, in transactions as well, and goes back with them", async () => {
    const stub = newHost();
    const dumpId = await slowJob(stub, 400);
    await inHost(stub, async (host, { storage }) => {
      expect(await host.see()).toBeNull();
      await host.setIfNone(month);
      const time = await host.see();
      expect(time).toBe(host.diary.findLast(({ kind }) => kind === "set")?.time);
      await storage.transaction(async (transaction) => {
        await transaction.setAlarm(new Date(5 * month));
        await transaction.deleteAlarm();
        expect(await transaction.getAlarm()).toBeNull();
        transaction.rollback();
      });
      expect(await host.see()).toBe(time);
      expect(() =>
        storage.transactionSync(() => {
          void storage.deleteAlarm();
          throw new Error("back");
        }),
      ).toThrow("back");
      expect(await host.see()).toBe(time);
      await expect(storage.setAlarm(-1)).rejects.toThrow("alarm time <= 0");
      await expect(storage.setAlarm(Number.NaN)).rejects.toThrow(TypeError);
      expect(await host.see()).toBe(time);
    });
    await stored(stub, dumpId);
    expect(await runsOf(stub)).toEqual([]);
  });

  it("does not wait for a slice, nor for R2", async () => {
    const stub = newHost();
    const dumpId = await slowJob(stub, 3_000); // within the slice, as far as the exporter knows
    await inHost(stub, (host) => {
      host.deeds = Array.from({ length: 12 }, () => ({ again: 150 }));
      return host.set(150);
    });
    await stored(stub, dumpId);
    const diary = await inHost(stub, (host) => host.diary);
    const [sets, runs] = ["set", "run"].map((kind) => diary.filter((line) => line.kind === kind));
    expect(runs).toHaveLength(13);
    for (const [index, { at }] of (runs ?? []).entries()) expect(at - (sets?.[index]?.time ?? 0)).toBeLessThan(boundMs);
  });

  it("is tried again when its handler fails, as without a job: after 2 s, and then 4 s", async () => {
    const [alone, open, long, starting] = [newHost(), newHost(), newHost(), newHost()];
    await Promise.all([open, long].map((stub) => slowJob(stub, 9_000)));
    for (const stub of [alone, open, long, starting])
      await inHost(stub, (host) => {
        const takes = stub === long ? 1_500 : 0;
        host.deeds = [{ takes, fails: true, starts: stub === starting }, { takes, fails: true }, {}];
        return host.set(50);
      });
    await scheduler.wait(13_000);
    for (const stub of [alone, open, long, starting]) {
      const diary = await inHost(stub, (host) => host.diary);
      const runs = diary.filter(({ kind }) => kind === "run");
      const failures = diary.filter(({ kind }) => kind === "failed");
      expect(runs.map(({ retry }) => retry)).toEqual([0, 1, 2]);
      expect(new Set(runs.map(({ time }) => time)).size).toBe(1);
      const waits = [1, 2].map((index) => (runs[index]?.at ?? 0) - (failures[index - 1]?.at ?? 0));
      expect(waits[0]).toBeGreaterThan(1_900);
      expect(waits[0]).toBeLessThan(2_500 + boundMs); // with the platform's jitter of a quarter
      expect(waits[1]).toBeGreaterThan(3_900);
      expect(waits[1]).toBeLessThan(5_000 + boundMs);
    }
    // and the job that its handler has started goes on meanwhile
    expect(await inHost(starting, ({ exporter }) => exporter.list().map(({ status }) => status))).toEqual(["complete"]);
  }, 60_000);
});

describe("a job", () => {
  const deeds: Record<string, (host: DiaryHost, state: DurableObjectState) => Promise<void>> = {
    "sets its next alarm": (host) => host.set(month),
    "deletes its alarm": (host) => host.delete(),
    "sets its alarm past the storage that it has": (_, { storage }) =>
      thePlatforms(storage).setAlarm(Date.now() + month),
    "deletes the alarm past the storage that it has": (_, { storage }) => thePlatforms(storage).deleteAlarm(),
  };
  it.each(Object.keys(deeds))("goes on, with nobody asking, when its host %s right behind start()", async (name) => {
    const moments = [0, 1, 5, 20, 60];
    await Promise.all(
      moments.map(async (moment) => {
        const stub = newHost();
        const dumpId = await inHost(stub, async (host, state) => {
          const { dumpId: started } = await host.exporter.start({ tables: ["files"] });
          if (moment > 0) await scheduler.wait(moment);
          await deeds[name]?.(host, state);
          return started;
        });
        await stored(stub, dumpId);
        expect(await runsOf(stub)).toEqual([]);
        const isSet = name.includes("sets");
        await vi.waitFor(async () => {
          const standing = await inHost(stub, (_, state) => standingAlarm(state));
          expect(standing !== null && standing > Date.now() + month / 2).toBe(isSet);
        });
      }),
    );
  });

  it("goes on when its host sets its next alarm in the handler, or has none any more", async () => {
    for (const deed of [{ again: month }, {}]) {
      const stub = newHost();
      await inHost(stub, (host) => {
        host.deeds = [deed];
        return host.set(30);
      });
      const dumpId = await slowJob(stub, 100);
      await stored(stub, dumpId);
      expect(await runsOf(stub)).toHaveLength(1);
    }
  });

  it("goes on while its host's handler runs for long, and after it", async () => {
    const stub = newHost();
    await inHost(stub, (host) => {
      host.deeds = [{ takes: 4_000 }];
      return host.set(1);
    });
    await vi.waitFor(async () => expect(await runsOf(stub)).toHaveLength(1));
    const started = Date.now();
    await stored(stub, await slowJob(stub, 0));
    expect(Date.now() - started).toBeLessThan(4_000);
    const { time } = (await runsOf(stub))[0] ?? {};
    expect(time).toBeLessThan(started);
  });

  it("comes back after a kill with the host's alarm, set, deleted or due, as it was", async () => {
    const [set, deleted, due, running] = [newHost(), newHost(), newHost(), newHost()];
    const stubs = [set, deleted, due, running];
    await inHost(running, (host) => {
      host.deeds = [{ takes: 20_000 }];
      return host.set(100);
    });
    const ids = await Promise.all(stubs.map((stub) => slowJob(stub, 500)));
    await inHost(set, (host) => host.set(month));
    await inHost(deleted, (host) => host.set(month).then(() => host.delete()));
    await inHost(due, (host) => host.set(600));
    await scheduler.wait(300);
    await abortAllDurableObjects();
    // nobody asks: the alarm that stands brings the object back
    await Promise.all(stubs.map((stub, index) => stored(stub, ids[index] ?? "", 30_000)));
    await scheduler.wait(1_000);
    expect((await runsOf(set)).length + (await runsOf(deleted)).length).toBe(0);
    expect(await runsOf(due)).toHaveLength(1);
    expect(await runsOf(running)).toHaveLength(2); // it was lost in the first
    await vi.waitFor(async () => {
      expect(await inHost(set, (_, state) => standingAlarm(state))).toBeGreaterThan(Date.now() + month / 2);
      expect(await inHost(deleted, (_, state) => standingAlarm(state))).toBeNull();
    });
  }, 60_000);

  it("leaves no alarm behind when its host deletes all", async () => {
    const stub = newHost();
    await slowJob(stub, 300);
    await inHost(stub, async (host, { storage }) => {
      await host.set(month);
      await storage.deleteAll();
      expect(await storage.getAlarm()).toBeNull();
    });
    await scheduler.wait(1_000);
    await inHost(stub, async ({ exporter }, state) => {
      expect(exporter.list()).toEqual([]);
      expect(await standingAlarm(state)).toBeNull();
    });
  });

  it("needs no table of the host's alarms: an object that was never asked for a dump is as it was", async () => {
    const stub = newHost();
    await inHost(stub, async (host, { storage }) => {
      expect(await host.exporter.alarm()).toBe(false);
      await host.fetch(forwardedTo("/dumps"));
      expect(Object.getOwnPropertyNames(storage)).not.toContain("setAlarm");
      expect(storage.sql.exec("SELECT name FROM sqlite_schema WHERE name LIKE '%export%'").toArray()).toEqual([]);
    });
  });
});
