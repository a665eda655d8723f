/** Jobs in hosts with schedules of their own: neither side loses a wake-up, and nothing of the host's happens early. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { objectKey } from "../../src/api.ts";
import { fileOf } from "../support/database.ts";
import { equal, forwardedTo, options } from "../support/jobs.ts";
import type { ActorLike, AgentLike, CronLike } from "../support/alarm-libraries.ts";

type Host = AgentLike | ActorLike | CronLike;

async function fill<T extends Host>(stub: DurableObjectStub<T>): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec("CREATE TABLE files (id INTEGER PRIMARY KEY, bytes BLOB)");
    storage.sql.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400) INSERT INTO files SELECT i, randomblob(2000) FROM n",
    );
  });
}

/** Waits for the end of a job, and compares its file. */
async function expectComplete<T extends Host>(stub: DurableObjectStub<T>, dumpId: string): Promise<void> {
  await vi.waitFor(
    () => runInDurableObject(stub, ({ exporter }) => expect(exporter.status(dumpId).status).toBe("complete")),
    { timeout: 40_000, interval: 100 },
  );
  const stored = await (await env.EXPORTS.get(objectKey(stub.id.toString(), dumpId)))?.arrayBuffer();
  const expected = await runInDurableObject(stub, (_, { storage }) => fileOf(storage.sql, { tables: ["files"] }));
  expect(equal(new Uint8Array(stored ?? new ArrayBuffer()), expected)).toBe(true);
}

const wanted = options({ tables: ["files"] });

describe.each([
  ["agents", () => env.AGENT_LIKE.get(env.AGENT_LIKE.newUniqueId())],
  ["@cloudflare/actors", () => env.ACTOR_LIKE.get(env.ACTOR_LIKE.newUniqueId())],
] as const)("a host that schedules as %s does", (_, newHost) => {
  it("has its own calls on time, while a job of several slices runs", async () => {
    const stub = newHost();
    await fill(stub);
    const second = Math.floor(Date.now() / 1000);
    const { dumpId } = await runInDurableObject(stub, async (host) => {
      for (const wait of [2, 4]) await host.schedule(second + wait, "host");
      return host.exporter.start(wanted);
    });
    await expectComplete(stub, dumpId);
    await vi.waitFor(() => runInDurableObject(stub, ({ fired }) => expect(fired).toHaveLength(2)), { timeout: 10_000 });
    const fired = await runInDurableObject(stub, (host) => host.fired);
    for (const { due, at } of fired) expect(at - due).toBeGreaterThanOrEqual(0);
    for (const { due, at } of fired) expect(at - due).toBeLessThan(2_000);
    // and nothing is left to be done
    expect(await runInDurableObject(stub, ({ exporter }) => exporter.nextAlarm())).toBeNull();
  });

  it("is asked for no more than it needs, however often somebody asks how far it is", async () => {
    const stub = newHost();
    await fill(stub);
    const asked = () => runInDurableObject(stub, (host) => host.asked);
    const { dumpId } = await runInDurableObject(stub, async (host) => {
      await host.schedule(Math.floor(Date.now() / 1000) + 3600, "host"); // its table is there before the job
      return host.exporter.start(wanted);
    });
    expect(await asked()).toBe(1);
    for (let time = 0; time < 24; time++)
      await runInDurableObject(stub, (host) => host.exporter.fetch(forwardedTo(`/dump/${dumpId}`)));
    await expectComplete(stub, dumpId);
    const needed = await asked();
    // four slices: one each, and one in case that a slice never comes back
    expect(needed).toBeLessThanOrEqual(6);
    for (let time = 0; time < 24; time++)
      await runInDurableObject(stub, (host) => host.exporter.fetch(forwardedTo(`/dump/${dumpId}`)));
    await scheduler.wait(100);
    expect(await asked()).toBe(needed);
  });
});

describe("a host that sets its alarm on every request", () => {
  it("has it fire when it said last, and the job goes on between", async () => {
    const stub = env.CRON_LIKE.get(env.CRON_LIKE.newUniqueId());
    await fill(stub);
    const { dumpId } = await runInDurableObject(stub, ({ exporter }) => exporter.start(wanted));
    for (let time = 0; time < 20; time++) {
      await stub.fetch("https://host.example/hello");
      if (time % 4 === 0) await stub.fetch(forwardedTo(`/dump/${dumpId}`));
      await scheduler.wait(50);
    }
    await expectComplete(stub, dumpId);
    await vi.waitFor(() => runInDurableObject(stub, ({ fired, due }) => expect(fired.at(-1)?.due).toBe(due)), {
      timeout: 5_000,
    });
    const fired = await runInDurableObject(stub, (host) => host.fired);
    for (const { due, at } of fired) expect(at - due).toBeGreaterThanOrEqual(0);
  });
});
