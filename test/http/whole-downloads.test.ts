/** A direct download is had as a whole or not at all; HEAD says what GET would, and begins nothing. */
import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import worker from "../../src/worker/worker.ts";

const base = "https://export.example";
const auth = { Authorization: "Bearer test-token" };

function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...auth, ...Object.fromEntries(new Headers(init.headers)) };
  return exports.default.fetch(base + path, { ...init, headers });
}

const head = (path: string) => send(path, { method: "HEAD" });

beforeAll(async () => {
  for (const database of ["main", "untouched"]) {
    const body = JSON.stringify({ sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1)" });
    await send(`/query?database=${database}`, { method: "POST", body });
  }
});

describe("a direct download", () => {
  it.each([
    ["Range", "bytes=100-"],
    ["Range", "bytes=0-"],
    ["Range", "bytes=-5"],
    ["Range", "bytes=0-0,5-"],
    ["range", "BYTES=1-"],
    ["Range", "rows=1-2"],
    ["If-Range", '"abc"'],
    ["If-Range", "Mon, 01 Jan 2024 00:00:00 GMT"],
    ["Request-Range", "bytes=100-"],
  ])("is refused where a part of it is asked for: %s: %s", async (name, value) => {
    for (const query of ["", "?format=csv&table=t", "?format=jsonl&gzip=1"]) {
      const response = await send(`/export/dump${query}`, { headers: { [name]: value } });
      const problem = await response.json<{ detail: string }>();
      expect([response.status, problem]).toMatchObject([400, { code: "range_not_possible" }]);
      expect(problem.detail).toMatch(/delete the file .* download it from the beginning; .* POST/);
    }
  });

  it("offers no parts, and nothing by which two of them could be taken for one", async () => {
    for (const method of ["GET", "HEAD"]) {
      const response = await send("/export/dump", { method });
      expect(response.headers.get("Accept-Ranges")).toBe("none");
      expect(response.headers.get("Cache-Control")).toBe("no-store, no-transform");
      for (const name of ["ETag", "Last-Modified", "Content-Range"]) expect(response.headers.get(name)).toBeNull();
      await response.body?.cancel();
    }
  });

  it("is not the one of an ETag, but any where any will do", async () => {
    for (const [match, status] of [
      ['"abc"', 412],
      ['"abc", "def"', 412],
      ["*", 200],
    ] as const) {
      const response = await send("/export/dump", { headers: { "If-Match": match } });
      expect([match, response.status]).toEqual([match, status]);
      await response.body?.cancel();
    }
  });

  it("has no parts for HEAD (RFC 9110, section 14.2)", async () => {
    expect((await send("/export/dump", { method: "HEAD", headers: { Range: "bytes=5-" } })).status).toBe(200);
  });

  it.each(["1.0 fred", "1.1 a, 1.0 b (squid)", "HTTP/1.0 nginx", "0.9 old", "1.1 a,1.0 b"])(
    "is refused where it would go on over HTTP/1.0: Via: %s",
    async (via) => {
      for (const method of ["GET", "HEAD"]) {
        const response = await send("/export/dump", { method, headers: { Via: via } });
        expect(response.status).toBe(426);
        if (method === "GET") expect(await response.json()).toMatchObject({ code: "http_version_too_old" });
      }
      // what has a length is not concerned
      expect((await send("/export/dumps", { headers: { Via: via } })).status).toBe(200);
    },
  );

  it.each(["1.1 vegur", "2 a", "1.1 a (1.0 is not it), 3 b", "HTTP/2.0 c", "1.1 1.0.example"])(
    "is not refused where it goes on over a later version: Via: %s",
    async (via) => {
      const response = await send("/export/dump", { headers: { Via: via } });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    },
  );

  it("is refused where Cloudflare says that its visitor speaks HTTP/1.0", async () => {
    for (const [httpProtocol, status] of [
      ["HTTP/1.0", 426],
      ["HTTP/1.1", 200],
      ["HTTP/2", 200],
      ["HTTP/3", 200],
    ] as const) {
      const request = new Request(`${base}/export/dump`, { headers: auth, cf: { httpProtocol } });
      const response = await worker.request(request, undefined, env);
      expect([httpProtocol, response.status]).toEqual([httpProtocol, status]);
      await response.body?.cancel();
    }
  });
});

describe("HEAD", () => {
  const told = (response: Response): Record<string, unknown> => {
    const { "content-disposition": name = "", ...others } = Object.fromEntries(response.headers);
    return { status: response.status, name: name.replace(/\d{8}-\d{6}/, "TIME"), ...others };
  };

  it.each([
    "/export/dump",
    "/export/dump?format=csv",
    "/export/dump?format=csv&table=t&gzip=1",
    "/export/dump?format=jsonl",
    "/export/dump?format=nothing",
    "/export/dump?table=nothing",
    "/export/dumps",
    "/export/dumps?limit=0",
    "/export/dump/20240101-000000-00000000",
    "/export/dump/20240101-000000-00000000/download",
    "/export/nothing",
  ])("says what GET says: %s", async (path) => {
    const [asked, got] = [await head(path), await send(path)];
    const { "content-length": length = null, ...headers } = told(asked);
    const { "content-length": _, ...wanted } = told(got);
    expect(headers).toEqual(wanted);
    const { byteLength } = await got.arrayBuffer();
    if (length !== null) expect(Number(length)).toBe(byteLength);
    expect(await asked.text()).toBe("");
  });

  it("says how long a list and a status are", async () => {
    const response = await head("/export/dumps?database=none");
    expect(response.headers.get("Content-Length")).toBe(String('{"dumps":[]}'.length));
  });

  it("begins nothing: no download, no job, no table, no alarm", async () => {
    for (let count = 0; count < 10; count++) expect((await head("/export/dump?database=untouched")).status).toBe(200);
    await head("/export/dumps?database=untouched");
    await runInDurableObject(env.DATABASE.getByName("untouched"), async (_, { storage }) => {
      const names = storage.sql
        .exec("SELECT name FROM sqlite_schema WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .toArray();
      expect(names).toEqual([{ name: "t" }]);
      expect(await storage.getAlarm()).toBeNull();
    });
    const downloads = await Promise.all([1, 2, 3, 4].map(() => send("/export/dump?database=untouched")));
    expect(downloads.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { body } of downloads) await body?.cancel();
  });
});
