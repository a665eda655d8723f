/** Rows that are lost although no BEFORE trigger sees which: the file is right, or the table is named. */
import { describe, expect, it } from "vitest";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { withDatabase } from "../support/database.ts";
import {
  equal,
  expected,
  filledTestHost,
  finished,
  inTestHost,
  leftovers,
  options,
  run,
  storedBytes,
  underWay,
} from "../support/jobs.ts";
import { rowsOf, uncoveredIn } from "../support/undo-log.ts";

/** True if the rows came back although something was done behind the first page; if they did not, the table must be named. */
function isExact(sql: SqlStorage, change: () => void): boolean {
  const wanted = rowsOf(sql, "csv", 1, null, () => "go on");
  const log = new UndoLog(sql, "job");
  let isFirst = true;
  const found = rowsOf(sql, "csv", 1, log, () => {
    if (isFirst) change();
    isFirst = false;
    return "go on";
  });
  expect(log.uncovered).toEqual(found === wanted ? [] : ["t"]);
  log.drop();
  return found === wanted;
}

describe("a unique value that is made of an automatic key", () => {
  it.each([
    "a INTEGER PRIMARY KEY, b, g INT AS (a % 4) UNIQUE",
    "a INTEGER PRIMARY KEY, b, g INT AS (a % 4) STORED UNIQUE",
    "a INTEGER PRIMARY KEY AUTOINCREMENT, b, g AS (a % 4) UNIQUE ON CONFLICT REPLACE",
    'a INTEGER PRIMARY KEY, b, f AS (h + 1), h AS ("A" % 4), g AS (f) UNIQUE',
    "a INTEGER PRIMARY KEY, b DEFAULT 1, g AS (a % 4), UNIQUE (b, g)",
    "a INTEGER PRIMARY KEY, b, g AS (a % 4)); CREATE UNIQUE INDEX i ON t (g) WHERE (b IS NOT NULL",
    "a INTEGER PRIMARY KEY, b); CREATE UNIQUE INDEX i ON t (a % 4, (b IS NULL)",
  ])("takes the table out of the snapshot: %s", async (columns) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (${columns})`);
      sql.exec("INSERT INTO t (b) VALUES (1), (1), (1), (1)");
      expect(uncoveredIn(sql)).toEqual(["t"]);
    });
  });

  it.each([
    "a INTEGER PRIMARY KEY, b, g AS (a % 4), UNIQUE (b)",
    "a INTEGER PRIMARY KEY, b, g AS (b || 'a') UNIQUE",
    "a INTEGER PRIMARY KEY, b, UNIQUE (a, b)",
    "a INTEGER PRIMARY KEY, b UNIQUE, g AS (a % 4)); CREATE UNIQUE INDEX i ON t (b) WHERE (g > 1",
    "a INT PRIMARY KEY, b, g AS (a % 4) UNIQUE",
  ])("takes no other table out: %s", async (columns) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (${columns})`);
      sql.exec("INSERT INTO t (a, b) VALUES (1, 1), (2, 2), (3, 3), (4, 4)");
      expect(isExact(sql, () => sql.exec("REPLACE INTO t (b) VALUES (3); REPLACE INTO t (a, b) VALUES (4, 7)"))).toBe(
        true,
      );
    });
  });

  it("is no snapshot in a job, which names the table, and none in a download, which breaks off", async () => {
    const stub = await filledTestHost();
    await run(stub, "CREATE TABLE ring (id INTEGER PRIMARY KEY, v TEXT, slot INT AS (id % 1000) UNIQUE)");
    await run(stub, "INSERT INTO ring (v) SELECT name FROM files LIMIT 1000");
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, "INSERT OR REPLACE INTO ring (v) SELECT 'new' FROM files LIMIT 500");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["ring"] });
    expect(await leftovers(stub)).toEqual([]);
    const read = inTestHost(stub, async ({ exporter }, { storage }) => {
      const reader = exporter.dump(options()).body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read())
        storage.sql.exec("INSERT OR REPLACE INTO ring (v) VALUES ('newer')");
    });
    await expect(read).rejects.toThrow('Cannot vouch for the download: "ring"');
  });
});

describe("a unique value of generated columns that an UPDATE makes", () => {
  it.each([
    "g AS (b || '-' || c) UNIQUE",
    "g AS (b || '-' || c) STORED UNIQUE",
    "f AS (b || '-' || c), g AS (f || d) UNIQUE",
    "g AS (b || c), UNIQUE (d, g)",
    "g AS (b || c)); CREATE UNIQUE INDEX i ON t (g) WHERE (d = 1",
  ])("of columns that stay as they are is seen: %s", async (generated) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, d DEFAULT 1, ${generated})`);
      sql.exec("INSERT INTO t (b, c) VALUES (1, 1), (2, 1), (3, 1), (4, 1)");
      expect(isExact(sql, () => sql.exec("UPDATE OR REPLACE t SET b = 4 WHERE a = 3"))).toBe(true);
      expect(sql.exec("SELECT count(*) AS rows FROM t").one()).toEqual({ rows: 3 });
    });
  });

  it.each([
    ["g AS (b || '-' || c) UNIQUE", ["t"]],
    ["g AS (b || '-' || c) STORED UNIQUE", ["t"]],
    ["f AS (c), h AS (b), g AS (f || h) UNIQUE", ["t"]],
    ["f AS (c), UNIQUE (f, b)", ["t"]],
    ["g AS (b || '-' || c)); CREATE UNIQUE INDEX i ON t (g) WHERE (d = 1", ["t"]],
    ["g AS (c || '!') UNIQUE", []], // the trigger's own UPDATE tells it
    ["g AS (b || '!') UNIQUE", []],
    ["UNIQUE (b)); CREATE UNIQUE INDEX i ON t (d) WHERE (c > 1", []],
  ])("and a BEFORE UPDATE trigger rewrites is not vouched for: %s", async (generated, uncovered) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, d DEFAULT 1, ${generated})`);
      sql.exec("CREATE TRIGGER h UPDATE OF b ON t BEGIN UPDATE OR REPLACE t SET c = c + 1 WHERE a = OLD.a; END");
      sql.exec("INSERT INTO t (b, c, d) VALUES (1, 1, 1), (2, 3, 2), (3, 5, 3), (4, 6, 4)");
      expect(uncoveredIn(sql)).toEqual(uncovered);
      if (uncovered.length === 0)
        expect(isExact(sql, () => sql.exec("UPDATE OR REPLACE t SET b = 4, d = 4 WHERE a = 3"))).toBe(true);
    });
  });
});

describe("a key that SQLite computes a second time behind the BEFORE triggers", () => {
  it.each(["a INTEGER PRIMARY KEY, b", "a INTEGER PRIMARY KEY AUTOINCREMENT, b", "rowid_ UNIQUE, b"])(
    "names the table if a row was lost by it, and only then: %s",
    async (columns) => {
      const key = columns.startsWith("a") ? "a" : "rowid";
      for (const [first, second] of [
        [3, 3],
        [2, 3],
        [5, 4],
        [3, 5],
        [-1, 2],
      ])
        await withDatabase((sql) => {
          sql.exec(`CREATE TABLE t (${columns}); INSERT INTO t (b) VALUES (1), (2), (3), (4)`);
          sql.exec("CREATE TABLE turns (n); INSERT INTO turns VALUES (0)");
          sql.exec("CREATE TRIGGER h BEFORE INSERT ON t BEGIN UPDATE turns SET n = n + 1; END");
          const replace = () => {
            const { before } = sql.exec<{ before: number }>("SELECT total_changes() AS before").one();
            const number = `iif(total_changes() = ${before}, ${first}, ${second})`; // it has grown the second time
            sql.exec(`REPLACE INTO t (${key}, b) VALUES (${number}, 9)`);
            expect(sql.exec(`SELECT ${key} AS k FROM t WHERE b = 9`).toArray()).toEqual([{ k: second }]);
          };
          expect(isExact(sql, replace)).toBe(first === second || second === 5);
        });
    },
  );

  it("is no snapshot in a job, which names the table", async () => {
    const stub = await filledTestHost();
    await run(
      stub,
      "CREATE TABLE slots (id INTEGER PRIMARY KEY, v); INSERT INTO slots SELECT id, bytes FROM files LIMIT 50",
    );
    const dumpId = await underWay(stub, "snapshot");
    for (let times = 0; times < 8; times++)
      await run(stub, "REPLACE INTO slots VALUES (1 + abs(random() % 50), 'new')");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["slots"] });
  });

  it("is as good as any other where it comes out the same, is automatic, or was not taken", async () => {
    const stub = await filledTestHost();
    await run(
      stub,
      "CREATE TABLE queue (id INTEGER PRIMARY KEY, v UNIQUE, pad DEFAULT (zeroblob(20000))); INSERT INTO queue (id, v) VALUES (3, 1), (9, 2), (10, 3)",
    );
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    for (const statement of [
      "DELETE FROM queue WHERE id = 10",
      "INSERT INTO queue (v) VALUES (4), (5)",
      "DELETE FROM queue", // ids begin again at 1, some of which the snapshot does not hold
      "INSERT INTO queue (v) VALUES (6), (7), (8), (9)",
      "REPLACE INTO queue (id, v) VALUES ((SELECT max(id) FROM queue), 10)",
      "INSERT INTO queue (id, v) SELECT id + 1, v || '!' FROM queue",
      "INSERT OR IGNORE INTO queue (id, v) VALUES (abs(random() % 3), 6)",
      "REPLACE INTO queue (id, v) VALUES (1000 + abs(random() % 3), 11)",
      "REPLACE INTO queue (id, v) VALUES (-1, 12), (NULL, 13)",
      "REPLACE INTO queue (v) VALUES (14)",
    ])
      await run(stub, statement).catch(() => undefined);
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "snapshot", changedTables: [] });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
  });
});
