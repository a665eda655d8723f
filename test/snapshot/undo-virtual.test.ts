/** Virtual columns under a log: they are not kept, and come out as they were, or are unreadable as loudly as without one. */
import { describe, expect, it } from "vitest";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { formatOf, withDatabase } from "../support/database.ts";
import { equal, expected, filledTestHost, finished, leftovers, run, storedBytes, underWay } from "../support/jobs.ts";
import { rowsOf, uncoveredIn } from "../support/undo-log.ts";

describe("a row whose virtual column cannot be computed", () => {
  const schema = [
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)",
    "INSERT INTO t VALUES (1, '{', 1), (2, '[', 2), (3, '{\"x\":7}', 3)",
    "ALTER TABLE t ADD COLUMN g AS (json_extract(b, '$.x'))",
  ];

  it("comes back as it was in SQL, which does not hold that column", async () => {
    await withDatabase((sql) => {
      for (const statement of schema) sql.exec(statement);
      const wanted = rowsOf(sql, "sql", 1, null, () => "go on");
      expect(wanted).toContain("(2,'[',2)");
      const deeds = ["UPDATE t SET b = '{}' WHERE a = 2", "DELETE FROM t WHERE a > 2"];
      const found = rowsOf(sql, "sql", 1, new UndoLog(sql, "job"), () => {
        sql.exec(deeds.shift() ?? "SELECT 1").toArray();
        return "go on";
      });
      expect(found).toBe(wanted);
    });
  });

  it.each(["csv", "jsonl"] as const)(
    "is unreadable in %s, with a log as without one, whatever became of it",
    async (format) => {
      await withDatabase((sql) => {
        for (const statement of [...schema, "UPDATE t SET b = '{}' WHERE a = 1"]) sql.exec(statement);
        const read = (log: UndoLog | null, between: string) => () =>
          rowsOf(sql, format, 1, log, () => {
            sql.exec(between).toArray();
            return "go on";
          });
        const error = 'Cannot read table "t" behind row 1: malformed JSON';
        expect(read(null, "SELECT 1")).toThrow(error);
        expect(read(new UndoLog(sql, "job"), "UPDATE t SET b = '{}'")).toThrow(error);
        expect(read(new UndoLog(sql, "job"), "SELECT 1")).not.toThrow();
      });
    },
  );
});

describe("virtual columns of rows as they were", () => {
  const wide = Array.from({ length: 98 }, (_, at) => `c${at}`).join(", ");
  it.each([
    "(a INTEGER PRIMARY KEY, b, c, g AS (b || '!'))",
    "(a, b, c, g AS (b || '!'), h INT AS (g), i REAL AS (c), j TEXT AS (c), k NUMERIC AS (b))",
    "(a PRIMARY KEY, b, c, g AS (b || c), h AS (g = 'A1')) WITHOUT ROWID",
    "(a, b TEXT COLLATE NOCASE, c, g AS (b = 'A'), h AS (b || '') COLLATE NOCASE, i AS (h = 'aA'), PRIMARY KEY (b, a DESC)) WITHOUT ROWID",
    "(a INTEGER PRIMARY KEY, b INT, c REAL, g AS (b = '1'), h TEXT AS (b), i AS (h > 5), s AS (b || c) STORED, j AS (s || '?'))",
    "(a INTEGER PRIMARY KEY, b ANY, c ANY, g ANY AS (typeof(b) || quote(c)), h ANY AS (b)) STRICT",
    '(a INTEGER PRIMARY KEY, b, c, g AS (b || "not a column"), "h,(" /* AS ( */ AS -- )\n (iif(c, \'),(\', "b" <> \')\')), [unique] AS (c % 2), UNIQUE (a))',
    "(a INTEGER PRIMARY KEY, b, c, g VARCHAR(10) GENERATED ALWAYS AS (CAST(b AS VARCHAR(10))) VIRTUAL NOT NULL CHECK (g <> 'q') COLLATE RTRIM, h AS (g = 'a '))",
    `(a, ${wide.replaceAll(/c\d+/g, (name) => (name === "c0" ? "b" : name === "c1" ? "c" : name))}, g AS (b || c))`,
  ])("come out as they did: t %s", async (columns) => {
    for (const format of ["sql", "csv", "jsonl"] as const)
      for (const size of [1, 2, 5])
        await withDatabase((sql) => {
          sql.exec(`CREATE TABLE t ${columns}`);
          const values = ["'a'", "'A'", "1", "'1'", "'a '", "'1e3'", "2.5", "'9007199254740993'", "''", "'x''y'"];
          for (const [at, value] of values.entries())
            sql.exec(`INSERT OR IGNORE INTO t (a, b, c) SELECT ${at}, ${value}, ${at % 4}`);
          expect(uncoveredIn(sql)).toEqual([]);
          const wanted = rowsOf(sql, format, size, null, () => "go on");
          let turn = 0;
          const found = rowsOf(sql, format, size, new UndoLog(sql, "job"), () => {
            const deed = [
              "UPDATE OR IGNORE t SET b = 5, c = 6 WHERE a % 2",
              "DELETE FROM t WHERE a > 5",
              "DELETE FROM t",
            ][turn++];
            if (deed !== undefined) sql.exec(deed);
            return turn === 2 ? "crash" : "go on";
          });
          expect(found).toBe(wanted);
        });
  });

  it("are computed for no more rows at once than a page may hold bytes", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b, g AS (length(b)))");
      for (let row = 0; row < 30; row++) sql.exec("INSERT INTO t (b) VALUES (zeroblob(?))", row < 16 ? 10 : 1_500_000);
      const wanted = rowsOf(sql, "jsonl", 16, null, () => "go on");
      let most = 0;
      const found = rowsOf(sql, "jsonl", 16, new UndoLog(sql, "job"), () => {
        sql.exec("UPDATE t SET b = 1");
        const query = "SELECT total(octet_length(b)) AS bytes FROM _durable_export_undo_job_0_shown";
        const { bytes } = sql.exec<{ bytes: number }>(query).one();
        most = Math.max(most, bytes);
        return "go on";
      });
      expect(found === wanted).toBe(true);
      expect(most).toBeGreaterThan(1_500_000);
      expect(most).toBeLessThanOrEqual(8 * 1024 * 1024);
    });
  });

  it("are part of a snapshot in a job", async () => {
    const stub = await filledTestHost();
    await run(stub, "ALTER TABLE files ADD COLUMN label TEXT AS (json_object(name, length(bytes)) ->> '$')");
    const wanted = await expected(stub, { format: "csv", tables: ["files"] });
    const dumpId = await underWay(stub, "snapshot", { format: formatOf("csv"), tables: ["files"] });
    await run(stub, "UPDATE files SET name = 'new' WHERE id > 5000");
    await run(stub, "DELETE FROM files WHERE id > 5900");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "snapshot", changedTables: [] });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
    expect(await leftovers(stub)).toEqual([]);
  });
});
