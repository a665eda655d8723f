/** What somebody without the token can do: nothing, but for one file through a link that was made for it. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { exportRoutes } from "../../src/index.ts";
import { linkKey, signedQuery } from "../../src/http/signed-links.ts";
import worker from "../../src/worker/worker.ts";

const base = "https://export.example";
const token = "test-token";

const ask = (path: string, init?: RequestInit) => exports.default.fetch(base + path, init);
const askWithToken = (path: string, init: RequestInit = {}) =>
  ask(path, { ...init, headers: { Authorization: `Bearer ${token}` } });

/** Every route that there is, with something in place of its parameters; a new one cannot be forgotten. */
const routes = (worker.routes as readonly { readonly path: string; readonly method: string }[])
  .map(({ path, method }) => ({
    path: path.replace("/*", "/any").replace(":dumpId", "20260101-000000-0000abcd"),
    method,
  }))
  .flatMap(({ path, method }) =>
    (method === "ALL" ? ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] : [method]).map((one) => `${one} ${path}`),
  );
const walked = [...new Set(routes)];

describe("every route of the Worker", () => {
  it("is walked", () => {
    expect(walked).toContain("GET /export/dump/20260101-000000-0000abcd/download");
    expect(walked).toContain("POST /query");
    expect(walked.length).toBeGreaterThan(20);
  });

  it.each(walked)("refuses without a token, with a wrong one and with one in the URL: %s", async (route) => {
    const [method = "", path = ""] = route.split(" ");
    for (const [query, headers] of [
      ["", {}],
      ["", { Authorization: "Bearer wrong" }],
      ["", { Authorization: `Basic ${btoa(`user:${token}`)}` }],
      [`?token=${token}&access_token=${token}`, {}],
      ["?database=", {}],
    ] as const) {
      const response = await ask(path + query, { method, headers });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain(token);
    }
  });

  it("says what to set where no token is configured, whatever is sent", async () => {
    const app = exportRoutes<object>({
      object: () => {
        throw new Error("asked for an object");
      },
      bucket: () => {
        throw new Error("asked for a bucket");
      },
      token: () => "",
    });
    for (const path of [
      "/dump",
      "/dumps",
      "/dump/x",
      `/dump/x/download?expires=99999999999&signature=${"0".repeat(64)}`,
    ]) {
      const response = await app.request(path, { headers: { Authorization: "Bearer " } });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "no_token_configured" });
    }
  });
});

describe("a link to a finished dump", () => {
  async function finishedDump(database: string): Promise<{ dumpId: string; downloadUrl: string }> {
    const { dumpId } = await (
      await askWithToken(`/export/dump?format=csv&database=${database}`, { method: "POST" })
    ).json<{ dumpId: string }>();
    for (;;) {
      const job = await (
        await askWithToken(`/export/dump/${dumpId}?database=${database}`)
      ).json<{ status: string; dumpId: string; downloadUrl: string }>();
      if (job.status === "complete") return job;
      await scheduler.wait(20);
    }
  }
  const get = (url: URL | string, init?: RequestInit) => exports.default.fetch(String(url), init);
  const changed = (url: string, change: (link: URL) => void) => {
    const link = new URL(url);
    change(link);
    return link;
  };

  it("needs no token, for an hour", async () => {
    const { downloadUrl } = await finishedDump("links");
    expect((await get(downloadUrl)).status).toBe(200);
    const expires = Number(new URL(downloadUrl).searchParams.get("expires"));
    expect(expires - Date.now() / 1000).toBeGreaterThan(3590);
    expect(expires - Date.now() / 1000).toBeLessThanOrEqual(3600);
    const head = await get(downloadUrl, { method: "HEAD" });
    const whole = await get(downloadUrl);
    expect([head.status, Object.fromEntries(head.headers)]).toEqual([200, Object.fromEntries(whole.headers)]);
    await whole.body?.cancel();
    const part = await get(downloadUrl, { headers: { Range: "bytes=0-0" } });
    expect(part.status).toBe(206);
  });

  it("is good for nothing else", async () => {
    const [one, other] = [await finishedDump("links"), await finishedDump("links")];
    const wrong = [
      changed(one.downloadUrl, (link) => (link.pathname = link.pathname.replace(one.dumpId, other.dumpId))),
      changed(one.downloadUrl, (link) => link.searchParams.set("database", "other")),
      changed(one.downloadUrl, (link) => link.searchParams.set("expires", "99999999999")),
      changed(one.downloadUrl, (link) => link.searchParams.set("signature", "0".repeat(64))),
      changed(one.downloadUrl, (link) => link.searchParams.set("signature", "")),
      changed(one.downloadUrl, (link) => link.searchParams.delete("expires")),
    ];
    for (const link of wrong) {
      const response = await get(link);
      expect([response.status, await response.json()]).toMatchObject([403, { code: "link_wrong" }]);
    }
    const status = changed(one.downloadUrl, (link) => (link.pathname = link.pathname.replace("/download", "")));
    expect((await get(status)).status).toBe(401);
    expect((await get(status, { method: "HEAD" })).status).toBe(401);
    for (const link of wrong) expect((await get(link, { method: "HEAD" })).status).toBe(403);
    for (const method of ["DELETE", "POST", "PUT", "OPTIONS"])
      expect((await get(one.downloadUrl, { method })).status).toBe(401);
  });

  it("ends", async () => {
    const { dumpId } = await finishedDump("links");
    const key = await linkKey(token, env.DATABASE.idFromName("links").toString());
    const link = async (expires: number) => {
      const query = new URLSearchParams({ database: "links", ...(await signedQuery(dumpId, { key, expires })) });
      return `${base}/export/dump/${dumpId}/download?${query.toString()}`;
    };
    const now = Math.floor(Date.now() / 1000);
    expect((await get(await link(now + 2))).status).toBe(200);
    const late = await get(await link(now - 2));
    expect([late.status, await late.json()]).toMatchObject([403, { code: "link_expired" }]);
  });

  it("is not made for a job that runs, and not by a header from outside", async () => {
    const response = await ask("/export/dump?database=links", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "X-Export-Link-Signer": `99999999999 ${"00".repeat(32)}` },
    });
    const { downloadUrl, dumpId } = await response.json<{ downloadUrl: string; dumpId: string }>();
    expect(downloadUrl).not.toContain("signature");
    expect(downloadUrl).toContain(dumpId);
  });
});

describe("an attacker with the token", () => {
  it.each(["..%2F..%2Fother", "%2e%2e", "a%0d%0aX-Evil:%201", "x'%20OR%201=1--", "a".repeat(65), "%00", "ä"])(
    "gets no key, no header and no SQL out of a dump's id: %s",
    async (id) => {
      for (const path of [`/export/dump/${id}`, `/export/dump/${id}/download`]) {
        const response = await askWithToken(path);
        expect(response.status).toBe(404);
        expect(response.headers.get("X-Evil")).toBeNull();
        expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      }
    },
  );

  it("cannot have the exporter's or the platform's own tables", async () => {
    await askWithToken("/export/dump?database=own", { method: "POST" });
    for (const name of [
      "_durable_export_jobs",
      "_DURABLE_EXPORT_PARTS",
      "_cf_KV",
      "_cf_METADATA",
      "sqlite_schema",
      'x"; DROP TABLE y; --',
    ]) {
      const response = await askWithToken(`/export/dump?database=own&table=${encodeURIComponent(name)}`);
      expect([response.status, await response.json()]).toMatchObject([400, { code: "unknown_table" }]);
    }
  });

  it("gets no links to another object or path out of odd encodings", async () => {
    const { dumpId, statusUrl } = await (
      await askWithToken("/export/dump?database=%ff", { method: "POST" })
    ).json<{ dumpId: string; statusUrl: string }>();
    expect((await exports.default.fetch(statusUrl, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(
      200,
    );
    const odd = `/export/dump/%3${dumpId.slice(0, 1)}${dumpId.slice(1)}?database=%ff`;
    expect((await askWithToken(odd)).status).toBe(404);
  });

  it("is refused what is absurdly large", async () => {
    const many = await askWithToken(`/export/dump?${"table=a&".repeat(1001)}`);
    expect([many.status, await many.json()]).toMatchObject([400, { code: "invalid_option", received: "1001" }]);
    const body = await exports.default.fetch(`${base}/query`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: new Uint8Array(17 * 1024 * 1024),
    });
    expect([body.status, await body.json()]).toMatchObject([413, { code: "too_large" }]);
    const post = (text: string) => askWithToken("/query", { method: "POST", body: text });
    expect((await post("[".repeat(200_000) + "]".repeat(200_000))).status).toBe(400);
    const rows =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT zeroblob(1000000) FROM n";
    expect((await post(JSON.stringify({ sql: rows }))).status).toBe(413);
  });
});
