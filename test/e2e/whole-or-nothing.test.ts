/** A file of which the shell refuses a statement: it goes on, as there is no telling it not to, and nothing of the file is kept. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import type { Server } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { databaseOf, startTestServer } from "../support/e2e/d1-targets.ts";
import { bytesOf, temporaryFolder } from "../support/e2e/files.ts";

let server: Server;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

let number = 0;

/** What a database comes out as. */
async function dumpOf(sql: string, options = ""): Promise<string> {
  const source = databaseOf(server, `whole-${number++}`);
  await query(source, { sql });
  return new TextDecoder().decode(await bytesOf(source, `/export/dump?${options}`));
}

/** Gives a file to the shell, as `sqlite3 copy.db < dump.sql`, and tells what is in the database then. */
async function loaded(dump: string, before = "") {
  const path = join(temporaryFolder(), "copy.db");
  if (before !== "") writeFileSync(path, "");
  if (before !== "") new DatabaseSync(path).exec(before);
  const { code, stderr } = await run("sqlite3", [path], dump);
  const names = existsSync(path)
    ? new DatabaseSync(path, { readOnly: true })
        .prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name")
        .all()
        .map(({ name }) => name)
    : [];
  return { code, stderr, names, path };
}

const base =
  "CREATE TABLE t (a, b); CREATE TABLE u (id INTEGER PRIMARY KEY, c); INSERT INTO t VALUES (1, 2), (3, 4); INSERT INTO u VALUES (5, 6);";

describe.skipIf(!has("sqlite3"))("the sqlite3 shell", () => {
  it.each([
    ["a table", (dump: string) => dump.replace("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b) OF_TOMORROW")],
    ["a view", (dump: string) => dump.replace("CREATE VIEW v AS", "CREATE VIEW v AS OF TOMORROW AS")],
    [
      "an index",
      (dump: string) => dump.replace("CREATE INDEX i ON t (b)", "CREATE INDEX i ON t (function_of_tomorrow(b))"),
    ],
    ["a trigger", (dump: string) => dump.replace("RAISE(IGNORE)", "RAISE(IGNORE, tomorrow)")],
    ["rows", (dump: string) => dump.replace('INSERT INTO "t" VALUES(1,2)', 'INSERT INTO "t" VALUES(of_tomorrow(1),2)')],
    [
      "a virtual table's rows",
      (dump: string) => dump.replace('INSERT INTO "f_docsize"', 'INSERT INTO "f_of_tomorrow"'),
    ],
  ])("keeps nothing where %s cannot be made", async (_, spoil) => {
    const dump = await dumpOf(
      `${base} CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (b); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT RAISE(IGNORE); END; CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('one')`,
    );
    expect(await loaded(dump)).toMatchObject({
      code: 0,
      stderr: "",
      names: expect.arrayContaining(["f", "g", "i", "t", "u", "v"]),
    });
    const spoilt = spoil(dump);
    expect(spoilt).not.toBe(dump);
    const { code, stderr, names } = await loaded(spoilt);
    expect({ code, names }).toEqual({ code: 1, names: [] });
    expect(stderr).toContain("durable_export.every statement of the dump succeeds");
    expect(stderr).toContain("cannot commit - no transaction is active");
  });

  it("takes a definition that needs a newer SQLite for what it is: it keeps all, or nothing", async () => {
    for (const definition of [
      "CREATE TABLE n (a CHECK (json_valid(a, 8)))",
      "CREATE TABLE n (a, b AS (concat_ws('-', a, 'x')))",
      "CREATE TRIGGER n AFTER INSERT ON t BEGIN SELECT RAISE(ABORT, 'no ' || new.a); END",
      "CREATE INDEX n ON t (octet_length(a))",
      "CREATE TABLE n (a DEFAULT (1_000))",
    ]) {
      const { code, names } = await loaded(await dumpOf(`${base} ${definition}`));
      expect({ code, names }, definition).toEqual(
        code === 0 ? { code: 0, names: ["n", "t", "u"] } : { code: 1, names: [] },
      );
    }
  });

  it("adds a file to what a database has, or leaves it as it was", async () => {
    const dump = await dumpOf(base);
    expect(await loaded(dump, "CREATE TABLE other (a); INSERT INTO other VALUES (1)")).toMatchObject({
      code: 0,
      names: ["other", "t", "u"],
    });
    const { code, names, path } = await loaded(dump, "CREATE TABLE u (id); CREATE VIEW w AS SELECT 1");
    expect({ code, names }).toEqual({ code: 1, names: ["u", "w"] });
    expect(new DatabaseSync(path).prepare("SELECT count(*) AS n FROM u").all()).toEqual([{ n: 0 }]);
  });

  it.each(["content=schema", "exclude=t", "table=f", "content=schema&table=r&table=counted"])(
    "takes what is right: %s",
    async (options) => {
      const dump = await dumpOf(
        `${base} CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE); INSERT INTO counted VALUES (7, 8); CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('one'); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 2, 3); CREATE TABLE "durable_export" ("a\r\nb" DEFAULT 'x' CHECK ("a\r\nb" <> '/*')); ANALYZE`,
        options,
      );
      expect(await loaded(dump, "CREATE TABLE other (a)")).toMatchObject({ code: 0, stderr: "" });
      expect((await loaded(dump)).names).not.toContain("durable_export_");
    },
  );
});
