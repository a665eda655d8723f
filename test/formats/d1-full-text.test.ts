/** FTS5 indexes over the content of another table, in a dump for D1: what they find is found in the copy, or a warning says so. */
import { describe, expect, it } from "vitest";
import { textOf, warningsOf, withDatabase, type Wanted } from "../support/database.ts";

/** Notes, of which a host's triggers keep those out of the index that are in the trash. */
const notes =
  "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, is_trashed INTEGER NOT NULL DEFAULT 0);" +
  "CREATE VIRTUAL TABLE search USING fts5 (body, content = 'note', content_rowid = 'id');" +
  "CREATE TRIGGER note_new AFTER INSERT ON note WHEN NOT NEW.is_trashed BEGIN INSERT INTO search (rowid, body) VALUES (NEW.id, NEW.body); END;" +
  "CREATE TRIGGER note_trashed AFTER UPDATE OF is_trashed ON note WHEN NEW.is_trashed AND NOT OLD.is_trashed BEGIN INSERT INTO search (search, rowid, body) VALUES ('delete', OLD.id, OLD.body); END;" +
  "INSERT INTO note (id, body) VALUES (3, 'red apple'), (7, 'green apple'), (11, 'red pear'), (-5, 'old apple');";

const d1: Wanted = { target: "d1" };

/** What a query finds in a copy made by the statements of a dump for D1, and what was warned of. */
async function copied(statements: string, query: string, more: Wanted = {}) {
  const { dump, warnings, found } = await withDatabase((sql) => {
    sql.exec(statements);
    return {
      dump: textOf(sql, { ...d1, ...more }),
      warnings: warningsOf(sql, { ...d1, ...more }),
      found: [...sql.exec(query).raw()],
    };
  });
  for (const warning of warnings) expect(dump).toContain(`-- warning: ${warning}\n`);
  const inCopy = await withDatabase((sql) => {
    sql.exec(dump);
    return [...sql.exec(query).raw()];
  });
  return { dump, warnings, found, inCopy };
}

describe("an index over the content of another table", () => {
  it("comes back without a word if it is what its content gives", async () => {
    const { warnings, found, inCopy, dump } = await copied(notes, "SELECT rowid FROM search('apple') ORDER BY rowid");
    expect(warnings).toEqual([]);
    expect(found).toEqual([[-5], [3], [7]]);
    expect(inCopy).toEqual(found);
    expect(dump).toContain(`WHERE _c."id" IN (-5,3,7,11);\n`);
  });

  it("does not find in the copy what the host had left out of it, and says that it was made anew", async () => {
    const trashed = `${notes} UPDATE note SET is_trashed = 1 WHERE id = 7; INSERT INTO note VALUES (20, 'apple in the trash', 1)`;
    const { warnings, found, inCopy } = await copied(trashed, "SELECT rowid FROM search('apple') ORDER BY rowid");
    expect(found).toEqual([[-5], [3]]);
    expect(inCopy).toEqual(found);
    expect(warnings).toEqual([
      'The index of "search" was not what its content gives now; it is made anew, of the same rows, from what they hold now',
    ]);
  });

  it("says so where the content was changed behind its back", async () => {
    const { warnings, found, inCopy } = await copied(
      `${notes} UPDATE note SET body = 'blue plum' WHERE id = 3`,
      "SELECT count(*) FROM search('plum')",
    );
    expect([found, inCopy]).toEqual([[[0]], [[1]]]);
    expect(warnings).toHaveLength(1);
  });

  it("holds no row if there was none in it", async () => {
    const { warnings, inCopy } = await copied(
      `${notes} INSERT INTO search (search) VALUES ('delete-all')`,
      "SELECT count(*) FROM search('apple OR pear')",
    );
    expect(inCopy).toEqual([[0]]);
    expect(warnings).toHaveLength(1);
  });

  it("is filled by its rows alone where triggers fill it as well", async () => {
    const [data, found] = await withDatabase((sql) => {
      sql.exec(`${notes} UPDATE note SET is_trashed = 1 WHERE id = 7`);
      return [textOf(sql, { ...d1, content: "data" }), [...sql.exec("SELECT rowid FROM search('apple')").raw()]];
    });
    await withDatabase((sql) => {
      sql.exec(notes.slice(0, notes.indexOf("INSERT INTO note (id")));
      sql.exec(data);
      expect([...sql.exec("SELECT rowid FROM search('apple')").raw()]).toEqual(found);
      sql.exec("INSERT INTO search (search) VALUES ('integrity-check')");
    });
  });

  it.each([
    [
      "a view",
      "CREATE TABLE d (n INTEGER PRIMARY KEY, t); CREATE VIEW v AS SELECT n AS id, upper(t) AS u FROM d;",
      "u, content = v, content_rowid = id",
    ],
    [
      "odd names",
      `CREATE TABLE "a""b's" ("i d" INTEGER PRIMARY KEY, "select" TEXT);`,
      `"select", content = "a""b's", content_rowid = "i d"`,
    ],
    ["a name in brackets, by a short option", "CREATE TABLE d (t TEXT);", "t, cont=[d]"],
    [
      "rowids that are no column, and little detail",
      "CREATE TABLE d (t TEXT);",
      "t, content=`d`, detail=none, prefix='2 3'",
    ],
    ["no rowids kept", "CREATE TABLE d (t TEXT);", "t, content='d', columnsize=0"],
  ])("is made over %s", async (_, table, options) => {
    const name = /TABLE ("(?:[^"]|"")*"|\w+)/.exec(table)?.[1] ?? "";
    const { warnings, found, inCopy } = await copied(
      `${table} CREATE VIRTUAL TABLE f USING fts5 (${options}); INSERT INTO ${name} VALUES ${name === "d" && !table.includes("n INTEGER") ? "('alpha'), ('beta gamma')" : "(4, 'alpha'), (9, 'beta gamma')"}; INSERT INTO f (f) VALUES ('rebuild')`,
      "SELECT rowid FROM f('beta')",
    );
    expect(warnings).toEqual([]);
    expect(found).toHaveLength(1);
    expect(inCopy).toEqual(found);
  });

  it("is left out, with a warning, if its content is not exported", async () => {
    const { warnings, inCopy } = await copied(notes, "SELECT count(*) FROM sqlite_schema WHERE name = 'search'", {
      tables: ["search"],
    });
    expect(warnings).toEqual([
      'The index of "search" is left out: its content, "note", is not in this export',
      'broken_virtual_table: table "search" needs "note", which this file does not hold; reading it fails where there is none; to have it, add table=note',
    ]);
    expect(inCopy).toEqual([[1]]);
  });

  it("is left out, with a warning, if its content does not have its columns: the restore would fail", async () => {
    // an everyday use: only rowids are asked for, and the host gives the text itself
    const { warnings, found, inCopy } = await copied(
      "CREATE TABLE note (id INTEGER PRIMARY KEY, json TEXT); INSERT INTO note VALUES (1, '{}'), (2, '[]'); CREATE VIRTUAL TABLE search USING fts5 (title, body, content = 'note', content_rowid = 'id'); INSERT INTO search (rowid, title, body) VALUES (1, 'red', 'apple')",
      "SELECT (SELECT count(*) FROM note), count(*) FROM search('apple')",
    );
    expect([found, inCopy]).toEqual([[[2, 1]], [[2, 0]]]);
    expect(warnings).toEqual([
      'The index of "search" is left out: its content, "note", does not have all of its columns',
    ]);
  });

  it("is not compared if it is large, and that is said", async () => {
    await withDatabase((sql) => {
      sql.exec(notes);
      sql.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO note (body) SELECT hex(randomblob(400)) || ' ' || hex(randomblob(400)) FROM n",
      );
      expect(warningsOf(sql, d1)).toEqual([
        'The index of "search" is made anew, of the same rows, from what they hold now; it is too large to see whether it was the same',
      ]);
    });
  });

  it("has its rowids in statements that D1 takes", async () => {
    const dump = await withDatabase((sql) => {
      sql.exec(
        `${notes}; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO note (id, body) SELECT 9000000000000000000 + i, 'x' FROM n`,
      );
      return textOf(sql, d1);
    });
    const statements = dump.split(";\n").filter((statement) => statement.startsWith('INSERT INTO "search"'));
    expect(statements.length).toBeGreaterThan(1);
    expect(statements.join().match(/90000000000000\d{5}/g)).toHaveLength(9000);
    expect(Math.max(...statements.map((statement) => statement.length))).toBeLessThan(95_000);
  });
});
