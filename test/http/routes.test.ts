import { exports } from "cloudflare:workers";
import { zstdDecompressSync } from "node:zlib";
import { gunzipSync, unzipSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";

const base = "https://export.example";
const auth = { Authorization: "Bearer test-token" };

function send(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(base + path, {
    ...init,
    headers: { ...auth, ...Object.fromEntries(new Headers(init.headers)) },
  });
}

async function run(sql: string, params: readonly unknown[] = [], database = "main") {
  const response = await send(`/query?database=${database}`, { method: "POST", body: JSON.stringify({ sql, params }) });
  return { status: response.status, body: await response.json<Record<string, unknown>>() };
}

async function makeDump(
  query: string,
  database = "main",
): Promise<{ dumpId: string; bytes: Uint8Array; etag: string }> {
  const { dumpId } = await (
    await send(`/export/dump?${query}&database=${database}`, { method: "POST" })
  ).json<{ dumpId: string }>();
  for (;;) {
    const job = await (
      await send(`/export/dump/${dumpId}?database=${database}`)
    ).json<{ status: string; error?: unknown }>();
    if (job.status === "complete") break;
    if (job.status === "failed") throw new Error(JSON.stringify(job.error));
    await scheduler.wait(20);
  }
  const response = await send(`/export/dump/${dumpId}/download?database=${database}`);
  return { dumpId, bytes: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get("ETag") ?? "" };
}

beforeAll(async () => {
  await run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
  await run("CREATE TABLE notes (body TEXT)");
  await run("INSERT INTO users (name) VALUES (?), (?)", ["Ann", "Bob"]);
});

describe("who may ask", () => {
  const paths = [
    "/export/dump",
    "/export/dumps",
    "/export/dump/x",
    "/export/dump/x/download",
    "/query",
    "/",
    "/export/nothing",
  ];

  it.each(paths)("refuses %s without a token and with a wrong one", async (path) => {
    for (const [headers, code] of [
      [{}, "token_missing"],
      [{ Authorization: "Bearer wrong" }, "token_wrong"],
    ] as const) {
      const response = await exports.default.fetch(base + path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.json()).toMatchObject({ status: 401, code });
    }
  });
});

describe("options", () => {
  it.each([
    ["format=xml", { code: "invalid_option", option: "format", received: "xml", allowed: ["sql", "csv", "jsonl"] }],
    [
      "compress=brotli",
      { code: "invalid_option", option: "compress", received: "brotli", allowed: ["none", "gzip", "zstd"] },
    ],
    ["compress=zstd&gzip=1", { code: "invalid_option", option: "compress", received: "zstd" }],
    ["compress=none&gzip=1", { code: "invalid_option", option: "compress", received: "none" }],
    ["compress=gzip&gzip=0", { code: "invalid_option", option: "compress", received: "gzip" }],
    ["compress=zstd&compress=gzip", { code: "invalid_option", option: "compress", allowed: ["one value"] }],
    [
      "compress=zstd&format=csv",
      { code: "invalid_option", option: "compress", received: "zstd", allowed: ["none", "gzip"] },
    ],
    ["gzip=maybe", { code: "invalid_option", option: "gzip", received: "maybe", allowed: ["0", "1"] }],
    [
      "content=most",
      { code: "invalid_option", option: "content", received: "most", allowed: ["all", "schema", "data"] },
    ],
    ["table=nope", { code: "unknown_table", option: "table", received: "nope", allowed: ["users", "notes"] }],
    ["exclude=", { code: "unknown_table", option: "exclude", received: "", allowed: ["users", "notes"] }],
    ["table=users&exclude=USERS", { code: "invalid_option", option: "exclude", received: "users" }],
    ["compression=1", { code: "invalid_option", option: "compression", received: "1" }],
    ["format=csv&nulls=%22", { code: "invalid_option", option: "nulls", received: '"' }],
    ...[
      "=x",
      "-",
      "+",
      "7",
      ".5",
      "a,b",
      "a b",
      "\\.",
      "Infinity",
      "-inf",
      "nan",
      "123456789",
      "longerthan",
      "é",
      "\n",
      "'",
    ].map((nulls): [string, { code: string; option: string; received: string }] => [
      `format=csv&nulls=${encodeURIComponent(nulls)}`,
      { code: "invalid_option", option: "nulls", received: nulls },
    ]),
    ["format=csv&infinity=inf", { option: "infinity", received: "inf", allowed: ["string", "number", "null"] }],
    ["format=jsonl&nulls=NULL", { code: "invalid_option", option: "nulls", received: "NULL" }],
    [
      "for=bigquery",
      { option: "for", received: "bigquery", allowed: ["postgres", "mysql", "duckdb", "pandas", "excel"] },
    ],
    ["for=", { code: "invalid_option", option: "for", received: "" }],
    ["for=mysql&for=duckdb", { code: "invalid_option", option: "for", received: "mysql, duckdb" }],
    ["for=postgres&format=jsonl", { code: "invalid_option", option: "format", received: "jsonl", allowed: ["csv"] }],
    ["for=pandas&format=sql", { code: "invalid_option", option: "format", received: "sql", allowed: ["jsonl", "csv"] }],
    ["for=excel&target=d1", { code: "invalid_option", option: "target", received: "d1" }],
    ["format=sql&format=csv", { code: "invalid_option", option: "format", received: "sql, csv" }],
    ["database=", { code: "invalid_option", option: "database", received: "" }],
    ["database=a&database=b", { code: "invalid_option", option: "database" }],
    ["table=sqlite_schema", { code: "unknown_table" }],
    ["table=_durable_export_jobs", { code: "unknown_table" }],
  ])("refuses %s", async (query, expected) => {
    for (const method of ["GET", "POST"]) {
      const response = await send(`/export/dump?${query}`, { method });
      expect(response.status).toBe(400);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      const problem = await response.json<{ detail: string }>();
      expect(problem).toMatchObject({ status: 400, title: "Bad Request", ...expected });
      expect(problem.detail).toContain("allowed" in expected ? (expected.allowed[0] ?? "") : "");
    }
  });

  it("are kept with a job, and told in an archive's manifest: one word for all that a program needs, and what is said beside it", async () => {
    await run("CREATE TABLE numbers (id INTEGER PRIMARY KEY, r REAL, b BLOB)", [], "options");
    await run("CREATE TABLE others (a)", [], "options");
    await run("INSERT INTO numbers VALUES (1, 9e999, x'00ff'), (2, NULL, NULL)", [], "options");
    const lines = (nulls: string) => `"id","r","b"\n1,Infinity,"\\x00FF"\n2,${nulls},${nulls}\n`;
    const direct = await send("/export/dump?for=postgres&table=numbers&database=options");
    expect(direct.headers.get("Content-Disposition")).toContain(".csv");
    expect(await direct.text()).toBe(lines(""));
    const marked = await makeDump("for=postgres&table=numbers&nulls=\\N", "options");
    expect(new TextDecoder().decode(marked.bytes)).toBe(lines("\\N"));
    const entries = unzipSync((await makeDump("for=postgres&infinity=null", "options")).bytes);
    const manifest: unknown = JSON.parse(new TextDecoder().decode(entries["manifest.json"]));
    expect(manifest).toMatchObject({
      format: "csv",
      options: { nulls: "", blobs: "postgres", infinity: "null", int64: "number", bom: "0", formulas: "keep" },
      warnings: [expect.stringMatching(/^Table "numbers": 1 values hold bytes .* infinite, and are written as NULL/)],
    });
  });

  it("says which format or method has an option that was given in vain", async () => {
    const detailOf = async (path: string) => (await (await send(path)).json<{ detail: string }>()).detail;
    expect(await detailOf("/export/dump?blobs=hex")).toMatch(
      /^There is no option "blobs" for format "sql"; format=csv has it; format=jsonl has it; allowed: /,
    );
    expect(await detailOf("/export/dump?verify=1")).toMatch(
      /for format "sql" and GET; a job has it, which POST starts; allowed: /,
    );
  });

  it.each([
    ["GET", "/export/dumps", "limit, cursor"],
    ["GET", "/export/dump/x", "none"],
    ["DELETE", "/export/dump/x", "none"],
    ["GET", "/export/dump/x/download", "database, expires, signature"],
    ["POST", "/query", "database"],
  ])("are not passed over where there are none: %s %s", async (method, path, allowed) => {
    const body = method === "POST" ? JSON.stringify({ sql: "SELECT 1" }) : null;
    const response = await send(`${path}?databse=other`, { method, body });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: "invalid_option", option: "databse", detail: `There is no option "databse" here; allowed: ${allowed}` },
    ]);
  });

  it("takes what only a job can do with POST alone", async () => {
    for (const option of ["verify=1", "onSchemaChange=restart"]) {
      expect((await send(`/export/dump?database=jobs&${option}`)).status).toBe(400);
      expect((await send(`/export/dump?database=jobs&${option}`, { method: "POST" })).status).toBe(202);
    }
    for (const option of ["verify=yes", "onSchemaChange=ignore"]) {
      const response = await send(`/export/dump?database=jobs&${option}`, { method: "POST" });
      expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_option" }]);
    }
  });

  it("are not looked for in a body, which is refused", async () => {
    const post = (body: string) => send("/export/dump?database=bodies", { method: "POST", body });
    const response = await post("format=csv&gzip=1");
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_option" }]);
    expect(await (await send("/export/dumps?database=bodies")).json()).toEqual({ dumps: [] });
    expect((await post("")).status).toBe(202);
  });

  it("lists 20 tables at most where one is unknown", async () => {
    for (let number = 0; number < 25; number++) await run(`CREATE TABLE t${number} (a)`, [], "many");
    const problem = await (
      await send("/export/dump?database=many&table=nope")
    ).json<{ allowed: string[]; detail: string }>();
    expect(problem.allowed).toHaveLength(20);
    expect(problem.detail).toContain("and 5 more");
  });

  it("finds a table whatever the case of its letters, as SQLite does", async () => {
    expect(await (await send("/export/dump?format=csv&table=USERS")).text()).toBe('"id","name"\n1,"Ann"\n2,"Bob"\n');
  });
});

describe("GET /export/dump", () => {
  it("streams SQL under a name with the time of the start", async () => {
    const response = await send("/export/dump?table=users");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/sql");
    expect(response.headers.get("Content-Disposition")).toMatch(/^attachment; filename="dump_\d{8}-\d{6}\.sql"$/);
    expect(await response.text()).toContain("INSERT INTO \"users\" VALUES(1,'Ann'),(2,'Bob');");
  });

  it("sends a gzip file as a file, never as an encoding", async () => {
    const response = await send("/export/dump?gzip=1&table=users");
    expect(response.headers.get("Content-Type")).toBe("application/gzip");
    expect(response.headers.get("Content-Encoding")).toBeNull();
    expect(response.headers.get("Content-Disposition")).toContain(".sql.gz");
    const text = new TextDecoder().decode(gunzipSync(new Uint8Array(await response.arrayBuffer())));
    expect(text).toBe(await (await send("/export/dump?table=users")).text());
  });

  it("sends a zstd file as a file, never as an encoding", async () => {
    const response = await send("/export/dump?compress=zstd&table=users");
    expect(response.headers.get("Content-Encoding")).toBeNull();
    const text = new TextDecoder().decode(zstdDecompressSync(new Uint8Array(await response.arrayBuffer())));
    expect(text).toBe(await (await send("/export/dump?table=users")).text());
  });

  it.each([
    ["format=csv&table=users", "text/csv; charset=utf-8; header=present", ".csv"],
    ["format=jsonl&table=users", "application/x-ndjson", ".jsonl"],
    ["format=csv", "application/zip", ".zip"],
    ["format=csv&gzip=1&table=users", "application/gzip", ".csv.gz"],
    ["compress=gzip", "application/gzip", ".sql.gz"],
    ["compress=gzip&gzip=1", "application/gzip", ".sql.gz"],
    ["compress=none", "application/sql", ".sql"],
    ["compress=none&gzip=0", "application/sql", ".sql"],
    ["compress=gzip&format=csv", "application/zip", ".zip"],
    ["compress=zstd", "application/zstd", ".sql.zst"],
    ["compress=zstd&gzip=0", "application/zstd", ".sql.zst"],
    ["compress=zstd&format=csv&table=users", "application/zstd", ".csv.zst"],
    ["compress=zstd&format=jsonl&table=users", "application/zstd", ".jsonl.zst"],
  ])("names the type and the file of %s", async (query, type, ending) => {
    const response = await send(`/export/dump?${query}`);
    expect(response.headers.get("Content-Type")).toBe(type);
    expect(response.headers.get("Content-Disposition")).toContain(`${ending}"`);
    await response.body?.cancel();
  });

  it("keeps databases apart", async () => {
    await run("CREATE TABLE other (a)", [], "second");
    expect(await (await send("/export/dump?database=second")).text()).toContain("CREATE TABLE other (a);");
    expect(await (await send("/export/dump")).text()).not.toContain("CREATE TABLE other");
  });
});

describe("methods and paths", () => {
  it.each([
    ["PUT", "/export/dump", "GET, HEAD, POST"],
    ["POST", "/export/dumps", "GET, HEAD"],
    ["POST", "/export/dump/x", "GET, HEAD, DELETE"],
    ["DELETE", "/export/dump/x/download", "GET, HEAD"],
    ["GET", "/query", "POST"],
  ])("answers %s %s with what is allowed", async (method, path, allow) => {
    const response = await send(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allow);
  });

  it("answers an unknown path and an unknown dump with 404", async () => {
    for (const path of [
      "/export/nothing",
      "/nothing",
      "/export/dump/20240101-000000-00000000",
      "/export/dump/a%2Fb/download",
    ]) {
      const response = await send(path);
      expect(response.status, path).toBe(404);
      expect(await response.json()).toMatchObject({ code: "not_found" });
    }
    expect((await send("/export/dump/20240101-000000-00000000", { method: "DELETE" })).status).toBe(404);
  });
});

describe("a job over HTTP", () => {
  it("is accepted with where to look for it, and told when it is done", async () => {
    const response = await send("/export/dump?database=main&gzip=1", { method: "POST" });
    expect(response.status).toBe(202);
    expect(response.headers.get("Retry-After")).toBe("2");
    const accepted = await response.json<{ dumpId: string; statusUrl: string; downloadUrl: string }>();
    expect(accepted.statusUrl).toBe(`${base}/export/dump/${accepted.dumpId}?database=main`);
    expect(accepted.downloadUrl).toBe(`${base}/export/dump/${accepted.dumpId}/download?database=main`);
    expect(response.headers.get("Location")).toBe(accepted.statusUrl);
  });

  it("is listed, newest first", async () => {
    const first = await makeDump("format=sql", "listed");
    const second = await makeDump("format=sql", "listed");
    const { dumps } = await (
      await send("/export/dumps?database=listed")
    ).json<{ dumps: { dumpId: string; status: string }[] }>();
    expect(dumps.map((job) => job.dumpId).toSorted()).toEqual([first.dumpId, second.dumpId].toSorted());
    expect(dumps.every((job) => job.status === "complete")).toBe(true);
  });

  it("is one job for one Idempotency-Key, and refuses the key for another one", async () => {
    const post = (query: string, key: string) =>
      send(`/export/dump?${query}`, { method: "POST", headers: { "Idempotency-Key": key } });
    const one = await (await post("format=csv", "k1")).json<{ dumpId: string }>();
    const two = await (await post("format=csv", "k1")).json<{ dumpId: string }>();
    expect(two.dumpId).toBe(one.dumpId);
    expect((await post("format=jsonl", "k1")).status).toBe(422);
    expect((await post("format=csv", "with a space")).status).toBe(400);
  });

  it("answers 409 to a download while it runs, and to one that was cancelled", async () => {
    await run(
      "CREATE TABLE big (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO big SELECT randomblob(1000000) FROM n",
      [],
      "slow",
    );
    const { dumpId } = await (
      await send("/export/dump?database=slow&gzip=1", { method: "POST" })
    ).json<{ dumpId: string }>();
    const early = await send(`/export/dump/${dumpId}/download?database=slow`);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: "not_complete", dumpStatus: "running" });
    const cancelled = await send(`/export/dump/${dumpId}?database=slow`, { method: "DELETE" });
    expect(await cancelled.json()).toEqual({ dumpId, status: "cancelled" });
    expect((await send(`/export/dump/${dumpId}/download?database=slow`)).status).toBe(409);
  });

  it("is gone with its file after a delete", async () => {
    const { dumpId } = await makeDump("table=users");
    expect(await (await send(`/export/dump/${dumpId}`, { method: "DELETE" })).json()).toEqual({
      dumpId,
      status: "deleted",
    });
    expect((await send(`/export/dump/${dumpId}/download`)).status).toBe(404);
    expect((await send(`/export/dump/${dumpId}`)).status).toBe(404);
  });
});

describe("the download", () => {
  it("answers HEAD with everything but the bytes", async () => {
    const { dumpId, bytes, etag } = await makeDump("table=users");
    const response = await send(`/export/dump/${dumpId}/download`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag,
      "content-length": String(bytes.length),
      "accept-ranges": "bytes",
      "content-type": "application/sql",
    });
    expect(await response.text()).toBe("");
  });

  it.each([
    ["bytes=0-9", 206, [0, 10]],
    ["bytes=5-5", 206, [5, 6]],
    ["bytes=10-", 206, [10, undefined]],
    ["bytes=-4", 206, [-4, undefined]],
    ["bytes=0-999999", 206, [0, undefined]],
    ["bytes=0-1,3-4", 200, [0, undefined]],
    ["bytes=9-3", 200, [0, undefined]],
    ["lines=1-2", 200, [0, undefined]],
    ["bytes=999999-", 416, null],
    ["bytes=-0", 416, null],
  ] as const)("answers Range: %s with %i", async (range, status, slice) => {
    const { dumpId, bytes } = await makeDump("table=users");
    const response = await send(`/export/dump/${dumpId}/download`, { headers: { Range: range } });
    expect(response.status).toBe(status);
    if (slice === null) {
      expect(response.headers.get("Content-Range")).toBe(`bytes */${bytes.length}`);
      return;
    }
    const expected = bytes.slice(slice[0], slice[1]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(expected);
    expect(response.headers.get("Content-Length")).toBe(String(expected.length));
    if (status === 206) expect(response.headers.get("Content-Range")).toMatch(new RegExp(`/${bytes.length}$`));
  });

  it("gives a range only of the file that the caller has begun with", async () => {
    const { dumpId, bytes, etag } = await makeDump("table=users");
    const get = (ifRange: string) =>
      send(`/export/dump/${dumpId}/download`, { headers: { Range: "bytes=0-3", "If-Range": ifRange } });
    const modified =
      (await send(`/export/dump/${dumpId}/download`, { method: "HEAD" })).headers.get("Last-Modified") ?? "";
    expect((await get(etag)).status).toBe(206);
    expect((await get(modified)).status).toBe(206);
    for (const other of ['"another"', `W/${etag}`, "Mon, 01 Jan 2024 00:00:00 GMT"]) {
      const response = await get(other);
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(bytes.length);
    }
  });

  it("answers conditions", async () => {
    const { dumpId, etag } = await makeDump("table=users");
    const get = (headers: Record<string, string>) => send(`/export/dump/${dumpId}/download`, { headers });
    expect((await get({ "If-None-Match": etag })).status).toBe(304);
    expect((await get({ "If-None-Match": "*" })).status).toBe(304);
    expect((await get({ "If-None-Match": '"another"' })).status).toBe(200);
    expect((await get({ "If-Match": '"another"' })).status).toBe(412);
    expect((await get({ "If-Match": etag })).status).toBe(200);
    const modified = (await get({})).headers.get("Last-Modified") ?? "";
    expect((await get({ "If-Unmodified-Since": modified })).status).toBe(200);
    expect((await get({ "If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT", Range: "bytes=5-" })).status).toBe(412);
    expect((await get({ "If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT", "If-Match": etag })).status).toBe(200);
  });
});

describe("POST /query", () => {
  it("carries BLOBs both ways", async () => {
    const blob = { $base64: true, encoded: "AP8=" };
    expect((await run("SELECT ? AS a, typeof(?1) AS type", [blob], "q")).body).toMatchObject({
      result: [{ a: blob, type: "blob" }],
    });
  });

  it("does nothing of what a commit would refuse, and says so", async () => {
    const database = "deferred";
    await run("CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1)", [], database);
    await run(
      "CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED); CREATE TABLE d (p REFERENCES p)",
      [],
      database,
    );
    const refused = [
      "INSERT INTO c VALUES (7)",
      "INSERT INTO c VALUES (7) RETURNING p",
      "INSERT INTO p VALUES (2); INSERT INTO c VALUES (7)",
      "INSERT INTO c VALUES (1); DELETE FROM p",
      "PRAGMA defer_foreign_keys = ON; INSERT INTO d VALUES (8)",
      "INSERT INTO p VALUES (3); SELECT * FROM nowhere",
      "PRAGMA foreign_keys = ON; INSERT INTO c VALUES (9)", // the platform finds it, when the turn has ended
    ];
    for (const sql of refused) {
      const { status, body } = await run(sql, [], database);
      expect([sql, status, body]).toMatchObject([sql, 400, { code: "sql_error" }]);
    }
    const left =
      "SELECT (SELECT group_concat(id) FROM p) AS p, (SELECT count(*) FROM c) AS c, (SELECT count(*) FROM d) AS d";
    expect((await run(left, [], database)).body).toMatchObject({ result: [{ p: "1", c: 0, d: 0 }] });
    // put right before the end, or wrong before the statement
    expect((await run("INSERT INTO c VALUES (5); INSERT INTO p VALUES (5)", [], database)).status).toBe(200);
    expect((await run("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (99)", [], database)).status).toBe(200);
    expect((await run("PRAGMA foreign_keys = ON", [], database)).status).toBe(200);
    expect((await run("INSERT INTO c VALUES (1)", [], database)).status).toBe(200);
    expect((await run("INSERT INTO c VALUES (100)", [], database)).status).toBe(400);
    expect((await run("SELECT group_concat(p) AS c FROM c", [], database)).body).toMatchObject({
      result: [{ c: "5,99,1" }],
    });
  });

  it.each([
    ["no JSON", "The body is no JSON object"],
    [JSON.stringify({ params: [] }), '"sql" is missing'],
    [JSON.stringify({ sql: "SELECT 1", params: 1 }), '"params" is not an array'],
    [JSON.stringify({ sql: "SELECT ?", params: [{}] }), "Parameter 1 is of no kind that SQLite stores"],
    [JSON.stringify({ sql: "SELECT 1", more: 1 }), 'There is no member "more"'],
    [JSON.stringify({ sql: "SELECT * FROM nowhere" }), "no such table: nowhere"],
  ])("refuses %s", async (body, detail) => {
    const response = await send("/query", { method: "POST", body });
    expect(response.status).toBe(400);
    expect((await response.json<{ detail: string }>()).detail).toContain(detail);
  });
});
