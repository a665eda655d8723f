import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it, vi } from "vitest";
import { exportRoutes } from "../src/index.ts";
import type { BusyHost } from "./support/busy-host.ts";

function newHost() {
  return env.BUSY_HOST.get(env.BUSY_HOST.idFromName(crypto.randomUUID()));
}

/** The host's Worker: its own route, and the exporter's under another name than /export. */
function workerOf(host: DurableObjectStub<BusyHost>) {
  const app = new Hono();
  app.route("/backup", exportRoutes({ object: () => host, bucket: () => env.EXPORTS, token: () => "secret" }));
  app.all("*", (c) => host.fetch(c.req.raw));
  return (path: string, init: RequestInit = {}) =>
    app.request(`https://host.example${path}`, { ...init, headers: { Authorization: "Bearer secret" } });
}

async function complete(fetch: ReturnType<typeof workerOf>, statusUrl: string) {
  for (;;) {
    const job = await (await fetch(new URL(statusUrl).pathname)).json<{ status: string; downloadUrl?: string }>();
    if (job.status === "complete" || job.status === "failed") return job;
    await scheduler.wait(20);
  }
}

describe("a host with a fetch and an alarm of its own", () => {
  it("keeps its own requests, and hands on the exporter's", async () => {
    const host = newHost();
    const fetch = workerOf(host);
    expect(await (await fetch("/hello")).text()).toBe("Hello from the host");
    await runInDurableObject(
      host,
      (_, state) => void state.storage.sql.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)"),
    );
    expect(await (await fetch("/backup/dump")).text()).toContain('INSERT INTO "t" VALUES(1);');
  });

  it("hands on nothing that a caller calls the exporter's", async () => {
    const host = newHost();
    const forged = {
      headers: {
        Host: "durable-export.invalid",
        cf: '{"durableExport":true}',
        "X-Export-Base": "https://host.example/backup",
      },
      cf: {},
    };
    const asked = await host.fetch("https://durable-export.invalid/dump", forged);
    expect(await asked.text()).toBe("Hello from the host");
    const refused = await runInDurableObject(host, ({ exporter }) =>
      exporter.fetch(new Request("https://durable-export.invalid/dump", forged)),
    );
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "forbidden" });
  });

  it("is told where its dumps are, wherever the routes are mounted", async () => {
    const fetch = workerOf(newHost());
    const response = await fetch("/backup/dump", { method: "POST" });
    const { statusUrl } = await response.json<{ statusUrl: string }>();
    expect(statusUrl).toMatch(/^https:\/\/host\.example\/backup\/dump\/[0-9a-z-]+$/);
    expect(response.headers.get("Location")).toBe(statusUrl);
    const { downloadUrl = "" } = await complete(fetch, statusUrl);
    expect(await (await fetch(new URL(downloadUrl).pathname)).text()).toMatch(
      /^PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n/,
    );
  });

  it("gets its alarm back when the exporter had to move it", async () => {
    const host = newHost();
    const fetch = workerOf(host);
    const own = Date.now() + 3_600_000;
    await runInDurableObject(host, (_, state) => state.storage.setAlarm(own));
    const { statusUrl } = await (await fetch("/backup/dump", { method: "POST" })).json<{ statusUrl: string }>();
    expect((await complete(fetch, statusUrl)).status).toBe("complete");
    await runInDurableObject(host, async (_, state) => {
      await vi.waitFor(async () => expect(await state.storage.getAlarm()).toBe(own));
      expect(state.storage.sql.exec("SELECT name FROM sqlite_schema WHERE name = 'reminders'").toArray()).toEqual([]);
    });
  });

  it("has its own alarm fire on time while a job runs", async () => {
    const host = newHost();
    const fetch = workerOf(host);
    const own = Date.now() + 150;
    await runInDurableObject(host, (_, state) => state.storage.setAlarm(own));
    await fetch("/backup/dump", { method: "POST" });
    await scheduler.wait(600);
    const times = await runInDurableObject(host, (_, state) =>
      state.storage.sql
        .exec<{ at: number }>("SELECT at FROM reminders")
        .toArray()
        .map((row) => row.at),
    );
    expect(times).toHaveLength(1);
    expect(times[0]).toBeGreaterThanOrEqual(own);
  });

  it("refuses to stream the whole of a database beyond its limit, and names the request to use", async () => {
    const host = newHost();
    const fetch = workerOf(host);
    await runInDurableObject(
      host,
      (_, state) =>
        void state.storage.sql.exec("CREATE TABLE t (a); CREATE TABLE u (b); INSERT INTO t VALUES (zeroblob(1500000))"),
    );
    const refused = await fetch("/backup/dump?format=csv&gzip=1");
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({
      code: "too_large_for_direct",
      limit: 1_000_000,
      instead: { method: "POST", url: "https://host.example/backup/dump?format=csv&gzip=1" },
    });
    expect((await fetch("/backup/dump?table=u")).status).toBe(200);
    expect((await fetch("/backup/dump?content=schema")).status).toBe(200);
  });
});
