/** What a host gives to exportRoutes may throw, at once or later: what it throws as an answer is one, a bad id is the caller's mistake. */
import { env } from "cloudflare:workers";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it } from "vitest";
import { exportRoutes, type ExportRoutesOptions } from "../../src/http/worker-routes.ts";

type Options = ExportRoutesOptions<object>;

const usual: Options = {
  object: () => env.BUSY_HOST.getByName("callbacks"),
  bucket: () => env.EXPORTS,
  token: () => "secret",
};

const dumpId = "20260101-000000-0000abcd";
const paths = ["/dump", "/dumps", `/dump/${dumpId}`, `/dump/${dumpId}/download`];
const ask = (path: string, options: Partial<Options>, init: RequestInit = {}) =>
  exportRoutes({ ...usual, ...options }).request(path, { headers: { Authorization: "Bearer secret" }, ...init });

async function told(response: Response | Promise<Response>) {
  const { status, headers } = await response;
  expect(headers.get("Content-Type")).toBe("application/problem+json");
  return { status, ...(await (await response).json<{ code: string; detail: string }>()) };
}

/** Throws at once, or as a promise does. */
const ways = {
  sync: (error: Error) => () => {
    throw error;
  },
  async: (error: Error) => async () => {
    throw error;
  },
} as const;

describe.each(["sync", "async"] as const)("a callback that throws (%s)", (way) => {
  const throwing = ways[way];

  it.each(["object", "bucket", "token"] as const)(
    "gives the status and the message of an HTTPException: %s",
    async (name) => {
      for (const path of name === "bucket" ? paths.slice(3) : paths) {
        const thrown = throwing(new HTTPException(404, { message: "There is no such tenant" }));
        expect(await told(ask(path, { [name]: thrown }))).toMatchObject({
          status: 404,
          code: "refused_by_host",
          detail: "There is no such tenant",
        });
      }
    },
  );

  it("gives a response that stands in an HTTPException as it is", async () => {
    const res = () => new Response("another login", { status: 401, headers: { "WWW-Authenticate": "Basic" } });
    const response = await ask("/dumps", { object: throwing(new HTTPException(401, { res: res() })) });
    expect([response.status, await response.text(), response.headers.get("WWW-Authenticate")]).toEqual([
      401,
      "another login",
      "Basic",
    ]);
  });

  it.each(["object", "bucket", "token"] as const)("says nothing of any other error: %s", async (name) => {
    const thrown = throwing(new Error("the password is 1234"));
    for (const path of name === "bucket" ? paths.slice(3) : paths)
      expect(await told(ask(path, { [name]: thrown }))).toMatchObject({
        status: 500,
        code: "internal",
        detail: expect.not.stringContaining("1234"),
      });
  });
});

describe("an id that is none", () => {
  const ids: Readonly<Record<string, () => DurableObjectId>> = {
    "no hex": () => env.BUSY_HOST.idFromString("garbage"),
    empty: () => env.BUSY_HOST.idFromString(""),
    "of no object": () => env.BUSY_HOST.idFromString("0".repeat(64)),
    "of another class": () => env.BUSY_HOST.idFromString(env.DATABASE.idFromName("x").toString()),
  };

  it.each(Object.entries(ids))("is a 400: %s", async (_, id) => {
    for (const path of [...paths, `/dump/${dumpId}/download?expires=99999999999&signature=${"0".repeat(64)}`]) {
      const init = path.includes("?") ? { headers: {} } : {};
      for (const object of [() => env.BUSY_HOST.get(id()), async () => env.BUSY_HOST.get(id())])
        expect(await told(ask(path, { object }, init))).toMatchObject({ status: 400, code: "invalid_option" });
    }
  });

  it("of a dump is a 404, however it is written", async () => {
    for (const id of ["%", "%E0%A4%A", "%2e%2e", "a%00b", "%C3%28", "a".repeat(65), "x;y", "%20"]) {
      for (const path of [`/dump/${id}`, `/dump/${id}/download`])
        for (const method of path.endsWith("download") ? ["GET", "HEAD"] : ["GET", "DELETE"]) {
          const response = await ask(path, {}, { method, headers: { Authorization: "Bearer secret" } });
          expect([path, method, response.status]).toEqual([path, method, 404]);
          expect(response.headers.get("Content-Type")).toBe("application/problem+json");
        }
    }
  });
});

it("callbacks may be promises", async () => {
  const later: Partial<Options> = {
    object: async () => env.BUSY_HOST.getByName("callbacks"),
    bucket: async () => env.EXPORTS,
    token: async () => "secret",
  };
  expect((await ask("/dumps", later)).status).toBe(200);
  expect(await told(ask(`/dump/${dumpId}/download`, later))).toMatchObject({ status: 404, code: "not_found" });
});

it("a bucket that fails is a 502", async () => {
  const down = () => Promise.reject(new Error("R2 is down at 10.0.0.1"));
  const stored = await env.EXPORTS.put(`${env.BUSY_HOST.idFromName("callbacks").toString()}/${dumpId}`, "file");
  for (const bucket of [
    { head: down, get: down },
    { head: async () => stored, get: down },
  ])
    expect(await told(ask(`/dump/${dumpId}/download`, { bucket: () => bucket }))).toMatchObject({
      status: 502,
      code: "storage_failed",
      detail: "Cannot read the file from R2; try again",
    });
});

it("parameters that come twice are told, or are the first one", async () => {
  for (const path of ["/dump?format=sql&format=csv", "/dump?gzip=1&gzip=0"])
    expect(await told(ask(path, {}))).toMatchObject({ status: 400, code: "invalid_option" });
  for (const path of ["/dumps?a=1&a=2", `/dump/${dumpId}?x=1&x=1`, `/dump/${dumpId}/download?x=1&x=2`])
    expect(await told(ask(path, {}))).toMatchObject({ status: 400, code: "invalid_option" });
  const link = `/dump/${dumpId}/download?expires=99999999999&signature=${"0".repeat(64)}&signature=${"1".repeat(64)}`;
  expect(await told(ask(link, {}, { headers: {} }))).toMatchObject({ status: 403, code: "link_wrong" });
});
