/** What SQLite in workerd shows to triggers, and what a statement leaves that fails: facts that an undo log leans on. */
import { describe, expect, it } from "vitest";
import { withDatabase } from "../support/database.ts";
import { attempt, outcomeOf } from "../support/undo-log.ts";

const seen = (sql: SqlStorage) => outcomeOf(sql, "SELECT k, g FROM seen");

describe("a BEFORE trigger in workerd", () => {
  const note = (sql: SqlStorage, event: string) =>
    sql.exec(
      `CREATE TABLE seen (k, g); CREATE TRIGGER h BEFORE ${event} ON t BEGIN INSERT INTO seen VALUES (NEW.a, NEW.g); END`,
    );

  it("sees -1 for an automatic rowid, and what is generated from -1", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b, g AS (a + 100))");
      note(sql, "INSERT");
      sql.exec("INSERT INTO t (b) VALUES (1); INSERT INTO t VALUES (7, 2), (NULL, 3)");
      expect(seen(sql)).toBe("[[-1,99],[7,107],[-1,99]]");
      expect(outcomeOf(sql, "SELECT a, g FROM t")).toBe("[[1,101],[7,107],[8,108]]");
    });
  });

  it("sees a rowid that is computed once more behind it, but not if there are several rows", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, g)");
      note(sql, "INSERT");
      const total = sql.exec<{ total: number }>("SELECT total_changes() AS total").one().total;
      sql.exec(`INSERT INTO t VALUES (total_changes() - ${total}, 'one')`);
      expect([seen(sql), outcomeOf(sql, "SELECT a FROM t")]).toEqual(['[[0,"one"]]', "[[1]]"]);
      sql.exec("DELETE FROM seen; INSERT INTO t VALUES (random(), 'two'), (random(), 'three')");
      expect(seen(sql)).toBe(outcomeOf(sql, "SELECT a, g FROM t WHERE g <> 'one' ORDER BY g DESC"));
    });
  });

  it("sees what is generated from NULL for columns that it does not name and an UPDATE leaves alone", async () => {
    await withDatabase((sql) => {
      sql.exec(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, g AS (b || ifnull(c, '?'))); INSERT INTO t VALUES (1, 'b', 'c')",
      );
      note(sql, "UPDATE");
      sql.exec("UPDATE t SET b = 'B'");
      expect(seen(sql)).toBe('[[1,"B?"]]');
      sql.exec(
        "DELETE FROM seen; CREATE TRIGGER named BEFORE UPDATE ON t BEGIN SELECT NEW.c; END; UPDATE t SET b = 'D'",
      );
      expect(seen(sql)).toBe('[[1,"Dc"]]'); // by any trigger that names it
      expect(outcomeOf(sql, "SELECT g FROM t")).toBe('[["Dc"]]');
    });
  });

  it("may be followed by other values of the columns that an UPDATE leaves alone", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b, g); INSERT INTO t VALUES (1, 'b', 'g')");
      note(sql, "UPDATE OF b");
      sql.exec("CREATE TRIGGER i BEFORE UPDATE OF b ON t BEGIN UPDATE t SET g = 'other'; END; UPDATE t SET b = 'B'");
      expect([seen(sql), outcomeOf(sql, "SELECT * FROM t")]).toEqual(['[[1,"g"]]', '[[1,"B","other"]]']);
    });
  });
});

describe("a statement that fails in workerd", () => {
  it.each([
    ["", "[[11]]"], // an error that SQLite does not reckon with leaves what was done
    ["SELECT RAISE(ABORT, '') WHERE 0;", "[[0]]"],
  ])("by too many levels of triggers leaves its work, unless a trigger could abort: %s", async (first, left) => {
    await withDatabase((sql) => {
      sql.exec("PRAGMA recursive_triggers=1; CREATE TABLE u (x)");
      sql.exec(`CREATE TRIGGER h AFTER INSERT ON u BEGIN ${first} INSERT INTO u VALUES (NEW.x + 1); END`);
      for (const verb of ["INSERT OR REPLACE", "INSERT"]) {
        expect(() => sql.exec(`${verb} INTO u VALUES (1)`)).toThrow("too many levels of trigger recursion");
        expect(outcomeOf(sql, "SELECT count(*) FROM u")).toBe(left);
        attempt(sql, "DELETE FROM u");
      }
    });
  });
});
