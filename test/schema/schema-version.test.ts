/** The schema's version: what changes it, and what does not. The platform's part of it as well, as all depends on that. */
import { describe, expect, it } from "vitest";
import { altering, schemaMark, schemaVersion } from "../../src/schema/schema-version.ts";
import { filledTestHost, inTestHost } from "../support/jobs.ts";
import { withDatabase } from "../support/database.ts";

describe("the version of the schema", () => {
  it("is another one after each statement that changes it, and after no other", async () => {
    await withDatabase((sql) => {
      let before = schemaVersion(sql);
      const expectOther = (statement: string, isOther: boolean) => {
        sql.exec(statement).toArray();
        const now = schemaVersion(sql);
        expect([statement, now !== before]).toEqual([statement, isOther]);
        before = now;
      };
      for (const statement of [
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x, y)",
        "CREATE INDEX i ON a (x)",
        "CREATE VIEW v AS SELECT * FROM a",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET y = 1; END",
        "ALTER TABLE a RENAME COLUMN x TO z",
        "ALTER TABLE a ADD COLUMN more",
        "ALTER TABLE a DROP COLUMN more",
        "ALTER TABLE a RENAME TO b",
        "ANALYZE",
        "DROP TRIGGER t",
        "DROP VIEW v",
        "DROP INDEX i",
        "DROP TABLE b",
        "CREATE TABLE b (x)",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "DROP TABLE f",
      ])
        expectOther(statement, true);
      for (const statement of [
        "INSERT INTO b VALUES (1)",
        "UPDATE b SET x = 2",
        "SELECT * FROM b",
        "DELETE FROM b",
        "CREATE TABLE IF NOT EXISTS b (x)",
        "ANALYZE",
        "PRAGMA optimize",
      ])
        expectOther(statement, false);
    });
  });

  it("is another one where a change was taken back, and another one of the same number was made", async () => {
    const stub = await filledTestHost(3);
    await inTestHost(stub, (_, { storage }) => {
      const { sql } = storage;
      schemaVersion(sql);
      const inside: number[] = [];
      for (const name of ["one", "other"])
        expect(() =>
          storage.transactionSync(() => {
            sql.exec(`CREATE TABLE ${name} (a)`);
            inside.push(schemaVersion(sql));
            throw new Error("taken back");
          }),
        ).toThrow("taken back");
      sql.exec("CREATE TABLE third (a)");
      inside.push(schemaVersion(sql));
      expect(new Set(inside).size).toBe(3);
    });
  });

  it("is another one after deleteAll(), and as many changes again", async () => {
    const stub = await filledTestHost(3);
    await inTestHost(stub, async (_, { storage }) => {
      const make = (name: string) => {
        for (let at = 0; at < 5; at++) storage.sql.exec(`CREATE TABLE ${name}${at} (a)`);
      };
      await storage.deleteAll();
      make("one");
      const [mark, version] = [schemaMark(storage.sql), schemaVersion(storage.sql)];
      for (let n = 0; n < 3; n++) {
        await storage.deleteAll();
        make(`other${n}_`);
        expect(schemaVersion(storage.sql)).toBe(version + 1 + n);
        expect(schemaMark(storage.sql)).not.toBe(mark);
      }
    });
  });

  it("stays the same where the exporter changes it, even in vain, but not where somebody else has done so before", async () => {
    await withDatabase((sql) => {
      const [mark, version] = [schemaMark(sql), schemaVersion(sql)];
      altering(sql, () => sql.exec("CREATE TABLE own (a)"));
      expect(() => altering(sql, () => sql.exec("CREATE TABLE own (a)"))).toThrow("already exists");
      altering(sql, () => sql.exec("DROP TABLE own"));
      expect(schemaVersion(sql)).toBe(version);
      expect(schemaMark(sql)).not.toBe(mark);
      sql.exec("CREATE TABLE host (a)");
      altering(sql, () => sql.exec("CREATE TABLE own (a)"));
      expect(schemaVersion(sql)).toBe(version + 1);
    });
  });

  it("holds up no DROP, no write and no transaction", async () => {
    const stub = await filledTestHost(3);
    await inTestHost(stub, async (_, { storage }) => {
      const { sql } = storage;
      for (let at = 0; at < 20; at++) {
        schemaVersion(sql);
        storage.transactionSync(() => sql.exec("CREATE TABLE a (x); INSERT INTO a VALUES (1)"));
        schemaVersion(sql);
        await storage.transaction(async () => void sql.exec("CREATE INDEX i ON a (x)"));
        schemaVersion(sql);
        sql.exec("DROP INDEX i; DROP TABLE a");
        await storage.sync();
      }
      expect(sql.exec("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'a'").one()).toEqual({ n: 0 });
    });
  });
});
