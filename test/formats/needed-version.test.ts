/** Which SQLite a file needs: in its header, in the status of a job, and in both manifests. */
import { env } from "cloudflare:workers";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { SqliteRequirement, SchemaObject } from "../../formats/format.ts";
import { neededBy } from "../../formats/sql/definitions/needed-version.ts";
import { manifestKey } from "../../src/api.ts";
import type { TestHost } from "../support/test-host.ts";
import { fileOf, planFor, textOf, warningsOf, withDatabase, type Wanted } from "../support/database.ts";
import { equal, expected, finished, forwardedTo, inTestHost, options, run, storedBytes } from "../support/jobs.ts";

const old = "CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT CHECK (json_valid(b) AND iif(b, 1, 0))); ";
const [needs, fileNeeds] = [
  (version: string, by: string) => `needs SQLite ${version} or later: ${by}`,
  (text: string) => text.split("\n").filter((line) => line.startsWith("-- needs SQLite")),
];

/** Each entry of the issue, and how a file says so. */
const cases: readonly (readonly [statements: string, line: string])[] = [
  ["CREATE TABLE t (x CHECK (json_valid(x, 8)))", needs("3.45.0", 'table "t" (json_valid() with flags)')],
  [
    "CREATE TABLE t (x); CREATE INDEX i ON t (jsonb(x)) WHERE x ->> 'y' > 1",
    needs("3.45.0", 'index "i" on "t" (jsonb())'),
  ],
  [`CREATE VIEW "v\n1" AS SELECT concat_ws('-', id, b) AS c FROM a`, needs("3.44.0", 'view "v 1" (concat_ws())')],
  [
    "CREATE TRIGGER g BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'no ' || new.b) WHERE new.id = 0; END",
    needs("3.47.0", 'trigger "g" on "a" (RAISE() of an expression)'),
  ],
  [
    "CREATE TABLE s (x INT) STRICT; CREATE TABLE t (x AS (octet_length(y)), y); CREATE TABLE u (x AS (timediff(y, y)), y)",
    needs("3.43.0", 'table "t" (octet_length())'),
  ],
  [
    "CREATE VIRTUAL TABLE f USING fts5(x, content='', contentless_delete=1)",
    needs("3.43.0", 'table "f" (FTS5: contentless_delete)'),
  ],
];

describe("a file of SQL", () => {
  it.each(cases)("says what it needs in its first line: %s", async (statements, line) => {
    await withDatabase((sql) => {
      sql.exec(old + statements);
      for (const wanted of [{}, { content: "schema" }, { target: "d1" }] satisfies Wanted[]) {
        const text = textOf(sql, wanted);
        expect(text.split("\n")[0]).toBe(`-- ${line}`);
        expect(fileNeeds(text)).toHaveLength(1);
        expect(planFor(sql, wanted).layout.needsSqlite).toBe(/\d\.\d+\.\d+/.exec(line)?.[0]);
        expect(Buffer.from(fileOf(sql, wanted, 1)).equals(fileOf(sql, wanted))).toBe(true);
      }
      expect(warningsOf(sql)).toEqual([]);
    });
  });

  it.each<[string, string, Wanted]>([
    ["nothing that is new", old, {}],
    ["what is not selected", `${old}CREATE TABLE t (x CHECK (json_valid(x, 8)))`, { tables: ["a"] }],
    ["rows alone", "CREATE TABLE t (x CHECK (json_valid(x, 8)))", { content: "data" }],
    ["a single table of rows", "CREATE TABLE t (x CHECK (json_valid(x, 8)))", { format: "csv" }],
    [
      "what only looks like it",
      "CREATE TABLE t (x DEFAULT 'jsonb(x)' /* STRICT */); CREATE VIEW v AS SELECT x FROM t -- concat_ws(x)\n",
      {},
    ],
  ])("says nothing of %s", async (_, statements, wanted) => {
    await withDatabase((sql) => {
      sql.exec(statements);
      expect(fileNeeds(textOf(sql, wanted))).toEqual([]);
      expect(planFor(sql, wanted).layout.needsSqlite).toBeNull();
    });
  });

  it("comes back with that line, in an object", async () => {
    for (const [statements] of cases) {
      const dump = await withDatabase((sql) => {
        sql.exec(`${old}${statements}; INSERT INTO a VALUES (1, '1')`);
        return textOf(sql, { target: "d1" });
      });
      const copy = await withDatabase((sql) => {
        sql.exec(dump);
        return textOf(sql, { target: "d1" });
      });
      expect(copy).toBe(dump);
    }
  });
});

it("an archive says it of its schema, in that and in its manifest", async () => {
  await withDatabase((sql) => {
    sql.exec(`${old}CREATE TABLE t (x CHECK (json_valid(x, 8)))`);
    const textIn = (wanted: Wanted, name: string) => new TextDecoder().decode(unzipSync(fileOf(sql, wanted))[name]);
    const csv = { format: "csv" } as const;
    expect(fileNeeds(textIn(csv, "schema.sql"))).toEqual([`-- ${cases[0]?.[1]}`]);
    expect(JSON.parse(textIn(csv, "manifest.json"))).toMatchObject({ needsSqlite: "3.45.0", warnings: [] });
    const rows = { ...csv, content: "data" } as const;
    expect(JSON.parse(textIn(rows, "manifest.json"))).not.toHaveProperty("needsSqlite");
    sql.exec("DROP TABLE t; CREATE TABLE t (x)");
    expect(JSON.parse(textIn(csv, "manifest.json"))).not.toHaveProperty("needsSqlite");
  });
});

describe("a job", () => {
  const started = async (statements: string) => {
    const stub: DurableObjectStub<TestHost> = env.TEST_HOST.get(env.TEST_HOST.idFromName(crypto.randomUUID()));
    await run(stub, `${old}${statements}; INSERT INTO a VALUES (1, '1')`);
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start(options()));
    const status = await finished(stub, dumpId);
    const manifest = await env.EXPORTS.get(manifestKey(stub.id.toString(), dumpId));
    return { stub, dumpId, status, manifest: await manifest?.json() };
  };

  it("says it in its status, in lists and in the manifest beside its file", async () => {
    const { stub, dumpId, status, manifest } = await started("CREATE TABLE t (x CHECK (json_valid(x, 8)))");
    expect(status).toMatchObject({ status: "complete", needsSqlite: "3.45.0", warnings: [] });
    expect(manifest).toMatchObject({ needsSqlite: "3.45.0", warnings: [] });
    const list = await inTestHost(stub, ({ exporter }) => exporter.list());
    expect(list).toMatchObject([{ dumpId, needsSqlite: "3.45.0" }]);
    expect(equal(await storedBytes(stub, dumpId), await expected(stub))).toBe(true);
    const answer = await inTestHost(stub, (object) => object.fetch(forwardedTo("/dump")));
    expect((await answer.text()).split("\n")[0]).toBe(`-- ${cases[0]?.[1]}`);
  });

  it("says nothing where nothing new is needed", async () => {
    const { status, manifest } = await started("CREATE VIEW v AS SELECT b FROM a");
    expect(status.status).toBe("complete");
    expect([status, manifest].filter((one) => JSON.stringify(one).includes("needsSqlite"))).toEqual([]);
  });
});

it("10,000 definitions are looked at in turns, and long ones in more of them", () => {
  const object = (at: number, sql: string): SchemaObject => ({ type: "view", name: `v${at}`, table: `v${at}`, sql });
  const turns = (sql: string, count: number) => {
    const views = Array.from({ length: count }, (_, at) => object(at, sql));
    const work = neededBy({ tables: [], indexes: [], triggers: [], views }, "all");
    let yields = 0;
    let result: SqliteRequirement | null = null;
    for (;;) {
      const { done, value } = work.next();
      if (done === true) {
        result = value;
        break;
      }
      yields++;
    }
    return { yields, result };
  };
  expect(turns("CREATE VIEW v AS SELECT 1", 10_000)).toEqual({ yields: 20, result: null });
  const long = `CREATE VIEW v AS SELECT jsonb(a), '${"x".repeat(60_000)}' FROM t`;
  expect(turns(long, 50)).toEqual({ yields: 50, result: { version: "3.45.0", requiredBy: 'view "v0" (jsonb())' } });
});
