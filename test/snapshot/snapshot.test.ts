/** An undo log gives back what was there, whatever is written while pages are read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { withDatabase } from "../support/database.ts";
import { attempt, expectKept, leftOf, mayChange, rowsOf, tidy, uncoveredIn } from "../support/undo-log.ts";

const definitions: readonly (readonly string[])[] = [
  ["CREATE TABLE t (a INTEGER PRIMARY KEY, b, c TEXT)", "CREATE UNIQUE INDEX i ON t(b)"],
  ["CREATE TABLE t (a, b UNIQUE, c TEXT COLLATE NOCASE UNIQUE)"],
  [
    "CREATE TABLE t (a INTEGER, b NOT NULL DEFAULT 1, c TEXT, UNIQUE (b, c))",
    "CREATE UNIQUE INDEX i ON t(a) WHERE b > 1",
  ],
  ["CREATE TABLE t (a TEXT PRIMARY KEY, b REAL UNIQUE, c)"],
  ["CREATE TABLE t (a PRIMARY KEY, b UNIQUE, c) WITHOUT ROWID"],
  [
    "CREATE TABLE t (a, b, c TEXT COLLATE NOCASE, PRIMARY KEY (c, a DESC)) WITHOUT ROWID",
    "CREATE UNIQUE INDEX i ON t(b)",
  ],
  ["CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b, c, g AS (b || '!') UNIQUE)"],
  [
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)",
    "CREATE TABLE u (x REFERENCES t(a) ON DELETE CASCADE ON UPDATE CASCADE, y)",
    "CREATE TRIGGER filled AFTER INSERT ON t BEGIN INSERT INTO u VALUES (NEW.a, NEW.b); END",
  ],
  [
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c)",
    "CREATE TABLE u (x, y)",
    "CREATE TRIGGER moved BEFORE INSERT ON t WHEN NEW.c = 1 BEGIN UPDATE t SET c = 2 WHERE b = 2; DELETE FROM t WHERE b = 3; INSERT INTO u VALUES (1, 2); END",
  ],
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom("'x'", "'X'", "'y''y'", "'Z'", "x'00ff'", "2.0", "-1", "1e300") },
  { weight: 1, arbitrary: fc.constant("NULL") },
);
const row = fc.tuple(value, value, value).map((values) => values.join(","));
const column = fc.constantFrom("a", "b", "c");
const verb = fc.constantFrom("INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE");
const change = fc.oneof(
  fc.tuple(verb, row).map(([one, values]) => `${one} INTO t (a, b, c) VALUES (${values})`),
  fc.tuple(verb, value).map(([one, b]) => `${one} INTO t (b, c) VALUES (${b}, 'new')`),
  fc
    .tuple(row, column, value)
    .map(
      ([values, name, to]) => `INSERT INTO t (a, b, c) VALUES (${values}) ON CONFLICT DO UPDATE SET ${name} = ${to}`,
    ),
  fc
    .tuple(fc.constantFrom("UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"), column, value, column, value)
    .map(([one, name, to, where, like]) => `${one} t SET ${name} = ${to} WHERE ${where} = ${like}`),
  fc
    .tuple(column, fc.integer({ min: -9, max: 9 }))
    .map(([name, by]) => `UPDATE OR REPLACE t SET ${name} = ${name} + ${by}`),
  fc.tuple(column, value).map(([name, like]) => `DELETE FROM t WHERE ${name} = ${like}`),
  fc.constantFrom(
    "DELETE FROM t",
    "INSERT OR REPLACE INTO t (a, b, c) SELECT b, a, c FROM t",
    "UPDATE t SET a = -a",
    "DELETE FROM sqlite_sequence",
    "DELETE FROM u",
    "UPDATE u SET y = 0",
  ),
);

describe("an undo log", () => {
  it.each([
    "INSERT OR REPLACE INTO t (a, b, c) VALUES (5, NULL, 'x2')", // becomes the default, behind every BEFORE trigger
    "UPDATE OR REPLACE t SET b = NULL WHERE a = 3",
    "INSERT INTO t (a, c) VALUES (9, 'x2') ON CONFLICT (b, c) DO UPDATE SET a = a + 1",
    "REPLACE INTO t SELECT a, b, 'x3' FROM t",
    "UPDATE t SET a = a + 1",
    "DELETE FROM t",
  ])("keeps what is lost by %s", async (statement) => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER, b NOT NULL DEFAULT 1, c TEXT COLLATE NOCASE, UNIQUE (b, c))");
      for (const n of [0, 1, 2, 3, 4]) sql.exec("INSERT INTO t VALUES (?, 1, ?)", n, `x${n}`);
      expectKept(sql, (turn) => {
        if (turn === 1) sql.exec(statement);
      });
    });
  });

  it("does not vouch for rows that a BEFORE UPDATE trigger of the host's may put in the way of others", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, UNIQUE (b, c))");
      sql.exec("INSERT INTO t VALUES (1, 1, 'x1'), (2, 2, 'x2'), (3, 7, 'x3')");
      sql.exec("CREATE TRIGGER checked BEFORE UPDATE ON t WHEN NEW.b = 9 BEGIN SELECT RAISE(ABORT, 'no 9'); END");
      expect(uncoveredIn(sql)).toEqual([]);
      // the row comes to be (7, 'x3') behind every BEFORE trigger, and the third one is lost to it
      sql.exec("CREATE TRIGGER moved BEFORE UPDATE OF b ON t BEGIN UPDATE t SET c = 'x3' WHERE a = OLD.a; END");
      expect(uncoveredIn(sql)).toEqual(["t"]);
      sql.exec("UPDATE OR REPLACE t SET b = 7 WHERE a = 1");
      expect(sql.exec("SELECT a FROM t").toArray()).toEqual([{ a: 1 }, { a: 2 }]);
    });
  });

  it("does not vouch for rows that follow a key which may become a default", async () => {
    await withDatabase((sql) => {
      const follow = (action: string) =>
        sql.exec(
          "CREATE TABLE t (a NOT NULL DEFAULT 7 PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t VALUES (1, 1), (2, 2);" +
            `CREATE TABLE u (x REFERENCES t(a) ON UPDATE ${action}); INSERT INTO u VALUES (2);` +
            "CREATE TRIGGER h AFTER UPDATE ON u BEGIN UPDATE t SET b = 0; END",
        );
      follow("NO ACTION");
      expect(uncoveredIn(sql)).toEqual([]);
      sql.exec("DROP TABLE u; DROP TABLE t");
      follow("CASCADE");
      expect(uncoveredIn(sql)).toEqual(["t"]);
      // the row (7, 2) is written by `h` before any trigger could have marked it as new
      sql.exec("UPDATE OR REPLACE t SET a = NULL WHERE a = 2");
      expect(sql.exec("SELECT * FROM t").toArray()).toEqual([
        { a: 1, b: 0 },
        { a: 7, b: 0 },
      ]);
    });
  });

  it.each([
    ["g AS (b || '!') UNIQUE", "INSERT OR REPLACE INTO t (a, b) VALUES (5, NULL)"],
    ["g AS (b || '!') STORED UNIQUE", "UPDATE OR REPLACE t SET b = NULL WHERE a = 3"],
    ["c DEFAULT 7, g AS (b || c) UNIQUE", "UPDATE OR REPLACE t SET b = NULL WHERE a = 3"],
  ])("keeps what is lost by a default that a generated column is made of: %s", async (generated, statement) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL DEFAULT 1, ${generated})`);
      for (const n of [0, 1, 2, 3, 4]) sql.exec(`INSERT INTO t (a, b) VALUES (${n}, ${5 - n})`);
      expectKept(sql, (turn) => {
        if (turn === 0) sql.exec(statement);
      });
    });
  });

  it("keeps tables of a hundred columns, with and without a key of their own", async () => {
    await withDatabase((sql) => {
      const columns = Array.from({ length: 100 }, (_, at) => `c${at}`);
      sql.exec(`CREATE TABLE plain (${columns.join(",")})`);
      sql.exec(`CREATE TABLE keyed (${columns.join(",")}, PRIMARY KEY (c0, c1 DESC)) WITHOUT ROWID`);
      for (const table of ["plain", "keyed"])
        for (let n = 0; n < 6; n++)
          sql.exec(`INSERT INTO ${table} VALUES (${columns.map((_, at) => n * at + n).join(",")})`);
      for (const format of ["sql", "csv", "jsonl"] as const) {
        const rewrite = (turn: number) => {
          for (const [at, table] of ["plain", "keyed"].entries())
            sql.exec(`UPDATE ${table} SET c99 = 'new', c50 = x'00' WHERE c0 % 5 = ?`, (turn * 2 + at) % 5);
        };
        expectKept(sql, rewrite, format, 2);
      }
    });
  });

  it.each(definitions.map((list) => [list[0], list] as const))("keeps %s", async (_, list) => {
    await withDatabase((sql) => {
      fc.assert(
        fc.property(
          fc.array(row, { maxLength: 25 }),
          fc.array(fc.tuple(fc.array(change, { maxLength: 3 }), fc.nat(9)), { minLength: 1, maxLength: 30 }),
          fc.integer({ min: 1, max: 4 }),
          fc.constantFrom("sql", "csv", "jsonl"),
          (rows, changes, size, format) => {
            tidy(sql);
            for (const statement of list) sql.exec(statement);
            for (const values of rows) attempt(sql, `INSERT INTO t (a, b, c) VALUES (${values})`);
            const wanted = rowsOf(sql, format, size, null, () => "go on");
            const log = new UndoLog(sql, "job");
            let turn = 0;
            const found = rowsOf(sql, format, size, log, () => {
              const [statements, chance] = changes[turn++ % changes.length] ?? [[], 0];
              if (!mayChange(sql, turn)) return "go on";
              for (const statement of statements) attempt(sql, statement);
              return chance === 0 ? "crash" : "go on";
            });
            expect(found).toBe(wanted);
            new UndoLog(sql, "job").drop();
            expect(leftOf(sql)).toEqual([]);
          },
        ),
        { numRuns: 150 },
      );
    });
  });
});
