/**
 * What a selection takes out of random schemas that are full of references: where it is restored, whatever does not work was warned of by name,
 * and nothing else was.
 */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import type { Server } from "../../tools/lib/server.ts";
import { statementsOf } from "../../tools/lib/statements.ts";
import "../support/seed.ts";
import { quoted, schema } from "../support/e2e/selection-schemas.ts";
import { d1Reader, databaseOf, restoreToD1, restoreToObject, startTestServer } from "../support/e2e/d1-targets.ts";
import { bytesOf } from "../support/e2e/files.ts";

let server: Server;

beforeAll(async () => {
  server = await startTestServer(5);
});
afterAll(() => server.stop());

interface Failing {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** What does not work in a database, by `EXPLAIN`, and by reading where that says nothing. */
function failing(run: (sql: string) => unknown, objects: readonly Record<string, unknown>[]): Failing {
  const works = (sql: string) => {
    try {
      run(sql);
      return true;
    } catch {
      return false;
    }
  };
  const reads: string[] = [];
  const writesFailing: string[] = [];
  for (const { type, name, sql } of objects) {
    const table = quoted(String(name));
    if (type === "trigger" || type === "index") continue;
    if (!works(`SELECT * FROM ${table} LIMIT 1`)) reads.push(String(name));
    if (type !== "table" || /virtual/i.test(String(sql))) continue;
    const columns = /PRIMARY KEY/.test(String(sql)) ? ["a", "b", "id"] : ["a"];
    const statements = [
      `INSERT INTO ${table} DEFAULT VALUES`,
      `DELETE FROM ${table}`,
      ...columns.map((one) => `UPDATE ${table} SET ${one} = 1`),
    ];
    for (const one of statements) if (!works(`EXPLAIN ${one}`)) writesFailing.push(one);
  }
  return { reads, writes: writesFailing };
}

const objectsQuery =
  "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'words\\_%' ESCAPE '\\' AND name NOT LIKE '\\_%' ESCAPE '\\'";

/** What the warnings of a file say that does not work, in the same words. */
function warnedOf(
  dump: string,
  sql: readonly string[],
): { readonly reads: ReadonlySet<string>; readonly writes: ReadonlySet<string> } {
  const [reads, written] = [new Set<string>(), new Set<string>()];
  for (const [, code, type, text, on, fails = ""] of dump.matchAll(
    /^-- warning: (broken_\w+): (\w+) ((?:"(?:[^"]|"")*")+)(?: on ((?:"(?:[^"]|"")*")+))? needs .*?(; .* fails|; D1 refuses)/gm,
  )) {
    const name = (on ?? text ?? "").slice(1, -1).replaceAll('""', '"');
    const table = quoted(name);
    const columns = sql.some((line) => line.startsWith(`CREATE TABLE ${table} (id`)) ? ["a", "b", "id"] : ["a"];
    if (code === "broken_view" || code === "broken_virtual_table") reads.add(name);
    else {
      const isKey = code === "broken_foreign_key";
      if (isKey || fails.includes("INSERT")) written.add(`INSERT INTO ${table} DEFAULT VALUES`);
      if (isKey || fails.includes("DELETE")) written.add(`DELETE FROM ${table}`);
      const [, of = ""] = /UPDATE of ([^;]*) on it/.exec(fails) ?? [];
      if (isKey || fails.includes("UPDATE"))
        for (const one of columns)
          if (of === "" || of.split(", ").includes(quoted(one))) written.add(`UPDATE ${table} SET ${one} = 1`);
    }
    expect(type).toMatch(/table|view|trigger/);
  }
  return { reads, writes: written };
}

let number = 0;

/** What does not work in a copy, which is one where foreign keys are enforced, as they are in D1. */
function failingIn(statements: readonly string[]): Failing {
  const database = new DatabaseSync(":memory:", { defensive: false });
  try {
    for (const statement of statements) database.exec(statement);
    database.exec("PRAGMA writable_schema = RESET; PRAGMA foreign_keys = ON"); // reads the schema anew
    return failing((text) => database.prepare(text).all(), database.prepare(objectsQuery).all());
  } finally {
    database.close();
  }
}

it("what does not work where a selection is restored was warned of, and only that", async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(schema, async ({ sql, options }) => {
      const name = `selection-${number++}`;
      const source = databaseOf(server, name);
      await query(source, { sql: sql.join(";\n") });
      const before = failingIn(sql);
      const parameters = new URLSearchParams(options.map(([option, value]) => [option, value]));
      for (const target of ["sqlite", "d1"]) {
        const dump = new TextDecoder().decode(
          await bytesOf(source, `/export/dump?${parameters.toString()}&target=${target}`),
        );
        if (target === "d1") await restoreToObject(server, `${name}-copy`, [...statementsOf(dump)]);
        const [warned, after] = [warnedOf(dump, sql), failingIn([dump])];
        found += after.reads.length + after.writes.length;
        const context = JSON.stringify({ options, target, warned: dump.match(/^-- warning.*$/gm), sql }, null, 1);
        for (const kind of ["reads", "writes"] as const) {
          const news = after[kind].filter((one) => !before[kind].includes(one));
          expect(
            news.filter((one) => !warned[kind].has(one)),
            `fails, and was not warned of: ${context}`,
          ).toEqual([]);
          // that of a foreign key says "writing", and an UPDATE of another column works
          const isMeant = (one: string) => !(dump.includes("broken_foreign_key:") && one.startsWith("UPDATE"));
          const alarms = [...warned[kind]].filter((one) => isMeant(one) && !after[kind].includes(one));
          expect(alarms, `was warned of, and works: ${context}`).toEqual([]);
        }
      }
    }),
    { numRuns: 25 },
  );
  expect(found).toBeGreaterThan(20);
}, 300_000);

describe("a file for D1 with foreign keys", () => {
  const dumpOf = async (name: string, sql: string, options: string) => {
    await query(databaseOf(server, name), { sql });
    const dump = new TextDecoder().decode(await bytesOf(databaseOf(server, name), `/export/dump?target=d1&${options}`));
    return { statements: [...statementsOf(dump)], warnings: dump.match(/(?<=^-- warning: ).*$/gm) ?? [] };
  };
  const oneByOne = async (at: number, statements: readonly string[]) => {
    for (const statement of statements) await d1Reader(server, at)(statement);
  };

  it("brings parents first, so that its statements can be run one by one", async () => {
    const sql = `CREATE TABLE c (id INTEGER PRIMARY KEY, b REFERENCES b); CREATE TABLE alone (x); CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES A);
      CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2, 1); INSERT INTO c VALUES (3, 2); INSERT INTO alone VALUES (4)`;
    const { statements, warnings } = await dumpOf("chain", sql, "");
    expect(warnings).toEqual([]);
    expect(statements.flatMap((one) => /^INSERT INTO "\w+"/.exec(one.trim()) ?? [])).toEqual(
      ["a", "b", "c", "alone"].map((name) => `INSERT INTO "${name}"`),
    );
    await oneByOne(0, statements);
    expect(await d1Reader(server, 0)("SELECT * FROM c")).toEqual([{ id: 3, b: 2 }]);
  });

  it("says that it must be one request where tables refer to each other, or rows to later ones", async () => {
    const sql = `CREATE TABLE "x y" (id INTEGER PRIMARY KEY, other REFERENCES z); CREATE TABLE z (id INTEGER PRIMARY KEY, other REFERENCES "x y"); CREATE TABLE tree (id INTEGER PRIMARY KEY, up REFERENCES tree);
      PRAGMA defer_foreign_keys = ON; INSERT INTO "x y" VALUES (1, 2); INSERT INTO z VALUES (2, 1); INSERT INTO tree VALUES (1, NULL), (2, 1)`;
    const { statements, warnings } = await dumpOf("circle", sql, "");
    expect(warnings).toEqual([
      expect.stringMatching(/^one_request: the foreign keys of "x y", "z" form a circle; run the file as one request/),
      expect.stringMatching(/^one_request: rows of "tree" refer to others of it; run the file as one request/),
    ]);
    await expect(oneByOne(1, statements)).rejects.toThrow("FOREIGN KEY constraint failed");
    await restoreToD1(server, 2, statements);
    expect(await d1Reader(server, 2)("SELECT * FROM z")).toEqual([{ id: 2, other: 1 }]);
  });

  it("says that D1 refuses rows whose parent is not selected, and what to set", async () => {
    const sql = `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (a REFERENCES PARENT); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1)`;
    const { statements, warnings } = await dumpOf("orphan", sql, "table=child");
    expect(warnings).toEqual([
      'broken_foreign_key: table "child" needs "parent", which this file does not hold; D1 refuses its rows, those of this file too, where there is none that has what they refer to; to have it, add table=parent',
    ]);
    await expect(restoreToD1(server, 3, statements)).rejects.toThrow("no such table: main.PARENT");
    await d1Reader(server, 4)("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
    await d1Reader(server, 4)("INSERT INTO parent VALUES (1)");
    await restoreToD1(server, 4, statements);
    const rows = await dumpOf("orphan", "SELECT 1", "exclude=parent&content=data");
    expect(rows.warnings).toEqual([warnings[0]?.replace("add table=parent", "leave exclude=parent away")]);
  });
});
