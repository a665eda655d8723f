/** What a file says of what does not work in it, as it refers to what was not selected. `test/e2e/selections.test.ts` tries it with other SQLites. */
import { describe, expect, it } from "vitest";
import { textOf, warningsOf, withDatabase, type Wanted } from "../support/database.ts";

describe("what refers to what is not selected", () => {
  const schema = `CREATE TABLE t1 (id INTEGER PRIMARY KEY AUTOINCREMENT, a); CREATE TABLE "aud it" (a); CREATE TABLE child (p REFERENCES t1 ON DELETE CASCADE);
    CREATE TRIGGER on_t1 AFTER INSERT ON t1 BEGIN INSERT INTO "aud it" VALUES (new.a); END; CREATE TRIGGER on_child AFTER DELETE ON child BEGIN DELETE FROM "aud it"; END;
    CREATE VIEW v1 AS SELECT a FROM "aud it"; CREATE VIEW v2 AS SELECT * FROM v1; CREATE VIEW jobs AS SELECT * FROM _durable_export_jobs; CREATE VIEW numbers AS SELECT * FROM sqlite_sequence;
    CREATE VIRTUAL TABLE docs USING fts5(a, content=t1); CREATE VIRTUAL TABLE words USING fts5vocab(docs, row); CREATE TRIGGER on_v1 INSTEAD OF INSERT ON v1 BEGIN DELETE FROM t1; END; INSERT INTO t1 VALUES (1, 2); ANALYZE;
    CREATE VIEW statistics AS SELECT * FROM sqlite_stat1; CREATE VIEW gone AS SELECT * FROM nowhere`;
  const needs = (code: string, what: string, name: string, fails: string, remedy: string) =>
    `${code}: ${what} needs ${name}, which this file does not hold; ${fails} fails where there is none${remedy}`;
  const [audit, jobs] = ['"aud it"', '"_durable_export_jobs"'];
  const own = needs("broken_view", 'view "jobs"', jobs, "reading it", "");
  const away = "; to have it, leave exclude=aud%20it away";
  const lines = [
    needs(
      "broken_foreign_key_action",
      'table "t1"',
      audit,
      "each DELETE on it, where foreign keys are enforced,",
      away,
    ),
    needs("broken_view", 'view "v1"', audit, "reading it", away),
    needs("broken_view", 'view "v2"', audit, "reading it", away),
    own,
    needs("broken_trigger", 'trigger "on_t1" on "t1"', audit, "each INSERT on it", away),
    needs("broken_trigger", 'trigger "on_child" on "child"', audit, "each DELETE on it", away),
    needs("broken_trigger", 'trigger "on_v1" on "v1"', audit, "each INSERT on it", away),
  ];
  it.each<[string, Wanted, readonly string[]]>([
    ["nothing is, and what was broken before is no matter of ours", {}, [own]],
    ["by exclude=", { exclude: ["aud it"] }, lines],
    [
      "by table=, for which no view comes along",
      { tables: ["t1", "words"] },
      [
        needs("broken_virtual_table", 'table "words"', '"docs"', "reading it", "; to have it, add table=docs"),
        needs(
          "broken_trigger",
          'trigger "on_t1" on "t1"',
          audit,
          "each INSERT on it",
          "; to have it, add table=aud%20it",
        ),
      ],
    ],
    [
      "the schema alone, in which there are no statistics",
      { content: "schema" },
      [own, needs("broken_view", 'view "statistics"', '"sqlite_stat1"', "reading it", "")],
    ],
    ["rows alone, which have no definitions", { content: "data", exclude: ["aud it"] }, []],
    ["a table without definitions", { format: "csv", tables: ["t1"] }, []],
    [
      "a foreign key, a table without counters",
      { tables: ["child"] },
      [
        needs(
          "broken_foreign_key",
          'table "child"',
          '"t1"',
          "writing to it, where foreign keys are enforced,",
          "; to have it, add table=t1",
        ),
        needs(
          "broken_trigger",
          'trigger "on_child" on "child"',
          audit,
          "each DELETE on it",
          "; to have it, add table=aud%20it",
        ),
      ],
    ],
  ])("is told by name: %s", async (_, wanted, expected) => {
    await withDatabase((sql) => {
      sql.exec(schema);
      expect(warningsOf(sql, wanted)).toEqual(expected);
      if (wanted.format !== "csv") expect(textOf(sql, wanted).match(/(?<=^-- warning: ).*$/gm) ?? []).toEqual(expected);
    });
  });
});
