/** Statements that fail, or cannot run at all, while a log is kept. */
import { describe, expect, it } from "vitest";
import { startTracking } from "../../src/snapshot/change-tracker.ts";
import { readCatalog } from "../../src/schema/catalog.ts";
import { withDatabase } from "../support/database.ts";
import {
  expected,
  filledTestHost,
  finished,
  inTestHost,
  leftovers,
  options,
  run,
  storedBytes,
  underWay,
  equal,
} from "../support/jobs.ts";
import { attempt, expectKept, freeze, outcomeOf, uncoveredIn } from "../support/undo-log.ts";

const rowsIn = (sql: SqlStorage, ...tables: readonly string[]) =>
  tables.map((table) => outcomeOf(sql, `SELECT * FROM ${table}`)).join(" ");

describe("a statement that fails while a table is kept or watched", () => {
  const keepers: readonly (readonly [string, (sql: SqlStorage) => void])[] = [
    ["kept", freeze],
    ["watched", (sql) => startTracking(sql, "job", readCatalog(sql).tables, new Set())],
    ["both", (sql) => [freeze(sql), startTracking(sql, "other", readCatalog(sql).tables, new Set())]],
  ];
  const levels = (on: string) =>
    `CREATE TABLE u (x INTEGER PRIMARY KEY, y); CREATE TRIGGER h AFTER INSERT ON u WHEN NEW.x < 50 BEGIN INSERT ${on} INTO u VALUES (NEW.x + 1, 0); END; PRAGMA recursive_triggers=1`;
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "by too many levels of triggers",
      levels(""),
      ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"].map(
        (verb) => `${verb} INTO u VALUES (1, 1)`,
      ),
    ],
    [
      "by too many levels of triggers that replace",
      levels("OR REPLACE"),
      ["INSERT OR REPLACE INTO u VALUES (1, 1)", "INSERT INTO u VALUES (1, 1), (2, 2)"],
    ],
    [
      "by too many levels of triggers between two tables",
      "CREATE TABLE u (x, y); CREATE TABLE v (x); CREATE TRIGGER h AFTER INSERT ON u BEGIN INSERT INTO v VALUES (NEW.x); END; CREATE TRIGGER i AFTER INSERT ON v BEGIN INSERT INTO u VALUES (NEW.x, 0); END; PRAGMA recursive_triggers=1",
      [
        "INSERT OR REPLACE INTO u VALUES (1, 1)",
        "INSERT OR IGNORE INTO v VALUES (1)",
        "REPLACE INTO v SELECT 1 UNION ALL SELECT 2",
      ],
    ],
    [
      // found at random, as was the next one
      "by too many levels of a trigger that writes to another table, too",
      "CREATE TABLE t (a UNIQUE, b, c, d); CREATE UNIQUE INDEX i20 ON t (b, c); CREATE TABLE u (x, y); CREATE TRIGGER h AFTER INSERT ON u BEGIN INSERT INTO u VALUES ('x', 0); UPDATE OR REPLACE t SET a = NULL WHERE a = 0; END; CREATE TRIGGER i BEFORE UPDATE ON t BEGIN UPDATE OR REPLACE t SET a = 'x' WHERE a = 'x'; END; PRAGMA recursive_triggers=1",
      ["INSERT OR REPLACE INTO u VALUES (0, 'x')"],
    ],
    [
      "by a key that becomes NULL",
      "CREATE TABLE u (a INTEGER PRIMARY KEY, b, c, d DEFAULT 2); CREATE TRIGGER h BEFORE INSERT ON u BEGIN INSERT OR REPLACE INTO u (a, b, c) VALUES (0, 'x', 0); END; INSERT INTO u VALUES (3, 'x', 0, NULL)",
      ["UPDATE OR REPLACE u SET a = d, d = a WHERE a < 4"],
    ],
    [
      "by a key that is no INTEGER",
      "CREATE TABLE u (x INTEGER PRIMARY KEY, y); INSERT INTO u VALUES (1, 5), (2, 'x'), (3, 7)",
      [
        "UPDATE OR REPLACE u SET x = y",
        "UPDATE OR IGNORE u SET x = y",
        "INSERT OR REPLACE INTO u SELECT y, x FROM u",
        "UPDATE u SET y = 'x', x = y",
      ],
    ],
    [
      "by a trigger that refuses",
      "CREATE TABLE u (x INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO u VALUES (1, 5), (2, 6), (3, 7); CREATE TRIGGER h BEFORE UPDATE ON u WHEN OLD.x = 3 BEGIN SELECT RAISE(ABORT, 'no'); END; CREATE TRIGGER i AFTER INSERT ON u BEGIN UPDATE OR REPLACE u SET y = 0; END",
      ["UPDATE OR REPLACE u SET y = 1", "INSERT OR REPLACE INTO u VALUES (4, 5)", "UPDATE u SET y = y + 10"],
    ],
    [
      "by a foreign key",
      "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE u (x INTEGER PRIMARY KEY, y REFERENCES p(a) ON DELETE SET NULL); INSERT INTO p VALUES (1), (2); INSERT INTO u VALUES (1, 1), (2, 2); CREATE TRIGGER h AFTER UPDATE ON u BEGIN SELECT abs(-9223372036854775807 - 1) WHERE NEW.y IS NULL AND NEW.x = 2; END",
      ["DELETE FROM p", "REPLACE INTO u VALUES (1, 2), (3, 9)", "UPDATE OR REPLACE u SET x = 1, y = 9 WHERE x = 2"],
    ],
  ];

  it.each(cases)("leaves nothing behind: %s", async (_, schema, statements) => {
    for (const [, keep] of keepers)
      for (const statement of statements)
        await withDatabase((sql) => {
          sql.exec(schema);
          keep(sql);
          const tables = schema.includes("TABLE v") ? ["u", "v"] : schema.includes("TABLE p") ? ["u", "p"] : ["u"];
          const before = rowsIn(sql, ...tables);
          expect(outcomeOf(sql, statement)).toBe("failed");
          expect(rowsIn(sql, ...tables)).toBe(before);
        });
  });

  it.each([
    ["INSERT OR FAIL INTO u VALUES (7, 1), (8, 2), (1, 3), (9, 4)", 5],
    ["INSERT OR IGNORE INTO u VALUES (7, 1), (8, 2), (1, 3), (9, 4)", 6],
    ["UPDATE OR FAIL u SET x = x + 1 WHERE x <> 2", 3],
  ])("keeps what it is told to keep: %s", async (statement, rows) => {
    const outcome = (keep: (sql: SqlStorage) => void) =>
      withDatabase((sql) => {
        sql.exec("CREATE TABLE u (x INTEGER PRIMARY KEY, y); INSERT INTO u VALUES (1, 5), (2, 6), (3, 7)");
        keep(sql);
        attempt(sql, statement);
        return rowsIn(sql, "u");
      });
    const without = await outcome(() => undefined);
    expect(JSON.parse(without)).toHaveLength(rows);
    for (const [, keep] of keepers) expect(await outcome(keep)).toBe(without);
  });
});

describe("a trigger of the host's that cannot run", () => {
  it.each([
    ["BEFORE DELETE", "SELECT unknown_fn(OLD.a)", "DELETE FROM t"],
    ["AFTER DELETE", "DELETE FROM gone WHERE a = OLD.a", "DELETE FROM t"],
    ["BEFORE INSERT", "SELECT ST_IsEmpty(NEW.b)", "INSERT INTO t VALUES (9, 9, 9)"],
    ["AFTER UPDATE OF a", "UPDATE u SET missing = 1", "UPDATE t SET a = 5"],
    ["BEFORE UPDATE OF c", "SELECT unistr('x')", "UPDATE t SET c = 5"],
    ["AFTER UPDATE", "SELECT * FROM broken", "UPDATE t SET b = 5"],
    ["AFTER DELETE", "INSERT INTO u VALUES (1, 2, 3, 4)", "DELETE FROM t"],
  ])("takes no table out of the snapshot: %s, %s", async (event, body, fails) => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c); CREATE TABLE u (x, y)");
      sql.exec("CREATE VIEW broken AS SELECT * FROM nowhere");
      sql.exec("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)");
      sql.exec(`CREATE TRIGGER h ${event} ON t BEGIN ${body}; END`);
      expect(uncoveredIn(sql)).toEqual([]);
      expect(outcomeOf(sql, fails)).toBe("failed");
      let done = 0;
      expectKept(sql, () => {
        for (const statement of [
          fails,
          "REPLACE INTO t VALUES (2, 4, 0)",
          "INSERT INTO t VALUES (3, 9, 9) ON CONFLICT (a) DO UPDATE SET b = 7",
          "UPDATE OR REPLACE t SET b = 3 WHERE a = 4",
          "UPDATE t SET c = 9",
          "UPDATE t SET a = a + 10",
          "DELETE FROM t WHERE a > 3",
          "DELETE FROM t",
        ])
          if (outcomeOf(sql, statement) !== "failed") done++;
      });
      expect(done).toBeGreaterThan(0);
      expect(outcomeOf(sql, fails)).toBe("failed");
    });
  });

  it.each([
    ["a foreign key to a table that is not there", "CREATE TABLE t (a INTEGER PRIMARY KEY, b REFERENCES gone (x), c)"],
    [
      "a foreign key to a column that is not unique",
      "CREATE TABLE p (x); CREATE TABLE t (a INTEGER PRIMARY KEY, b REFERENCES p (x), c)",
    ],
    [
      "a child that refers to a column that is not unique",
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c); CREATE TABLE u (x REFERENCES t (b))",
    ],
    [
      // found at random
      "a trigger that would rewrite rows if it could run",
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, UNIQUE (b, c)); CREATE TRIGGER h BEFORE UPDATE OF b ON t BEGIN UPDATE t SET c = 1; UPDATE gone SET missing = 1; END",
    ],
    [
      "a row of another table that cannot go",
      "CREATE TABLE t (a INTEGER PRIMARY KEY ON CONFLICT REPLACE, b, c); CREATE TABLE u (x REFERENCES t (a) ON DELETE CASCADE); CREATE TRIGGER h BEFORE DELETE ON u BEGIN SELECT unknown_fn(1); END",
    ],
    [
      "triggers on everything",
      ["INSERT", "UPDATE", "DELETE"].reduce(
        (all, event) => `${all}; CREATE TRIGGER h${event} BEFORE ${event} ON t BEGIN SELECT unknown_fn(1); END`,
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)",
      ),
    ],
  ])("nor does %s", async (_, schema) => {
    await withDatabase((sql) => {
      sql.exec(schema);
      expect(uncoveredIn(sql)).toEqual([]);
      for (const n of [1, 2, 3]) attempt(sql, `INSERT INTO t VALUES (${n}, NULL, ${n})`);
      expectKept(sql, (turn) => {
        for (const statement of [
          "UPDATE t SET c = 7",
          "INSERT OR ABORT INTO t VALUES (9, NULL, 9)",
          "REPLACE INTO t VALUES (2, NULL, 8)",
          "DELETE FROM t WHERE a = 3",
        ])
          if (turn === 0) attempt(sql, statement);
      });
    });
  });

  it("lets a download and a job be snapshots, while rows change", async () => {
    const stub = await filledTestHost();
    await run(stub, "CREATE TRIGGER h BEFORE DELETE ON files BEGIN SELECT unknown_fn(OLD.id); END");
    const wanted = await expected(stub);
    const read = await inTestHost(stub, async ({ exporter }, { storage }) => {
      const reader = exporter.dump(options()).body.getReader();
      const bytes: Uint8Array[] = [];
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        bytes.push(piece.value);
        storage.sql.exec(
          "UPDATE files SET name = 'new' WHERE id > 5990; REPLACE INTO files VALUES (5950, 'newer', x'00')",
        );
      }
      return Buffer.concat(bytes);
    });
    expect(equal(read, wanted)).toBe(true);
    const now = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, "UPDATE files SET name = 'old' WHERE id > 5900");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "snapshot", changedTables: [] });
    expect(equal(await storedBytes(stub, dumpId), now)).toBe(true);
    expect(await leftovers(stub)).toEqual([]);
  });
});
