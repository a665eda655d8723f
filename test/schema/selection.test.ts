/** What `table`, `exclude` and `content` take along, and what a dump says of what is not in it. */
import { describe, expect, it } from "vitest";
import { textOf, warningsOf, withDatabase, type Wanted } from "../support/database.ts";

function fill(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
    CREATE TABLE É (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE é (a);
    CREATE INDEX by_name ON users (name DESC);
    CREATE INDEX on_É ON É (id);
    CREATE INDEX on_é ON é (a);
    CREATE TRIGGER on_users AFTER INSERT ON users BEGIN SELECT 1; END;
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TRIGGER on_names INSTEAD OF INSERT ON names BEGIN SELECT 1; END;
    CREATE VIRTUAL TABLE docs USING fts5 (body);
    CREATE TABLE docs_notes (a);
    INSERT INTO users VALUES (7, 'Ann');
    INSERT INTO É VALUES (9);
    INSERT INTO é VALUES (1);
    INSERT INTO docs VALUES ('alpha');
    INSERT INTO docs_notes VALUES (2);
    ANALYZE;
  `);
}

/** The statements of a dump that name what they make or fill, but for those that count them. */
async function statements(wanted: Wanted): Promise<readonly string[]> {
  return withDatabase((sql) => {
    fill(sql);
    const names = textOf(sql, wanted).matchAll(
      /^(?:CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER|VIEW) (?!temp\.)("?[^\s("]+)|INSERT INTO (?!temp\.)"?([^\s("]+)"?[^\n]*)/gm,
    );
    return [...names].map(
      ([line, made, filled]) => (made === undefined ? `+${filled}` : made) + (/'users'|'É'/.exec(line)?.[0] ?? ""),
    );
  });
}

describe("one table", () => {
  it("takes along its indexes, triggers and its row of sqlite_sequence, and nothing of others", async () => {
    expect(await statements({ tables: ["users"] })).toEqual([
      "users",
      "+users",
      "+sqlite_sequence'users'",
      "+sqlite_stat1'users'",
      "on_users",
      "by_name",
    ]);
  });

  it("takes along what belongs to its name, case and all", async () => {
    expect(await statements({ tables: ["é"] })).toEqual(["é", "+é", "+sqlite_stat1", "on_é"]);
    expect(await statements({ tables: ["É"] })).toEqual(["É", "+É", "+sqlite_sequence'É'", "+sqlite_stat1'É'", "on_É"]);
  });

  it("takes along the shadow tables of a virtual one, and no table that only sounds like them", async () => {
    const list = await statements({ tables: ["docs"] });
    expect(list).toContain("+docs_content");
    expect(list).not.toContain("docs_notes");
    expect(await statements({ tables: ["docs"], target: "d1" })).toEqual(["+docs", "+sqlite_stat1"]);
  });
});

describe("a table that is excluded", () => {
  it("takes away what belongs to it, and only that", async () => {
    const list = await statements({ exclude: ["users", "docs"] });
    expect(list.filter((name) => /users|by_name|docs(?!_notes)/.test(name))).toEqual([]);
    expect(list).toEqual(expect.arrayContaining(["É", "é", "docs_notes", "names", "on_names", "on_É", "on_é"]));
  });
});

describe("content", () => {
  it("is the schema alone, without a row", async () => {
    await withDatabase((sql) => {
      fill(sql);
      for (const target of ["sqlite", "d1"] as const) {
        const text = textOf(sql, { content: "schema", target });
        expect(text).not.toMatch(/^INSERT (?:OR ROLLBACK )?INTO (?!temp\."durable_export")/m);
        expect(text).toContain("CREATE VIRTUAL TABLE docs USING fts5 (body);");
        expect(text).not.toContain("docs_data");
        expect(text).toContain("-- dump complete: 5 tables, 0 rows");
      }
    });
  });

  it("is the rows alone, which fill what the schema makes", async () => {
    const { schema, data, whole } = await withDatabase((sql) => {
      fill(sql);
      const [rows, all] = [textOf(sql, { content: "data", target: "d1" }), textOf(sql, { target: "d1" })];
      return { schema: textOf(sql, { content: "schema", target: "d1" }), data: rows, whole: all };
    });
    expect(data).not.toContain("CREATE");
    await withDatabase((sql) => {
      for (const part of [schema, data]) sql.exec(part); // each of them whole, with its last comment
      expect(sql.exec("SELECT rowid, body FROM docs('alpha')").toArray()).toEqual([{ rowid: 1, body: "alpha" }]);
      expect(textOf(sql, { target: "d1" })).toBe(whole);
    });
  });

  it.each(["csv", "jsonl"] as const)("of an archive is its schema, or its tables: %s", async (format) => {
    await withDatabase((sql) => {
      fill(sql);
      const schema = textOf(sql, { format, content: "schema" });
      expect(schema).toContain("schema.sql");
      expect(schema).not.toContain(`users.${format}`);
      const data = textOf(sql, { format, content: "data" });
      expect(data).toContain(`users.${format}`);
      expect(data).not.toContain("schema.sql");
    });
  });
});

describe("what is left out or changed", () => {
  it.each<[string, string, Wanted, readonly string[]]>([
    ["nothing", "CREATE TABLE t (a)", {}, []],
    ["statistics of other releases", "CREATE TABLE t (a)", {}, []],
    [
      "an index that target=d1 cannot fill",
      "CREATE VIRTUAL TABLE f USING fts5 (a, content = '')",
      { target: "d1" },
      ['The index of "f" is left out: an FTS5 table without content cannot be filled from it'],
    ],
    [
      "bytes that JSON cannot hold",
      "CREATE TABLE t (a, b); INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 1), ('x', CAST(x'c0' AS TEXT)), ('y', 'z')",
      { format: "jsonl", tables: ["t"] },
      ['Table "t": 2 values hold bytes that are no UTF-8, which JSON cannot; each of them is written as U+FFFD'],
    ],
    [
      "bytes that make a CSV file another than UTF-8",
      "CREATE TABLE t (a); INSERT INTO t VALUES (CAST(x'ff' AS TEXT)), ('x')",
      { format: "csv" },
      [
        'Table "t": 1 values hold bytes that are no UTF-8; they are written as they are, and the file is not UTF-8 there',
      ],
    ],
    [
      "a name that the sqlite3 shell reads otherwise",
      'CREATE TABLE "a\r\nb" (c)',
      {},
      ['The name "a\r\nb" holds CR LF, which the sqlite3 shell reads as LF; node:sqlite reads it as it is'],
    ],
  ])("is listed: %s", async (_, schema, wanted, warnings) => {
    await withDatabase((sql) => {
      sql.exec(schema);
      expect(warningsOf(sql, wanted)).toEqual(warnings);
      if ((wanted.format ?? "sql") !== "sql") return;
      const lines = textOf(sql, wanted).match(/^-- warning: .*$/gm) ?? [];
      expect(lines).toEqual(warnings.map((line) => `-- warning: ${line.replaceAll("\r\n", " ")}`));
    });
  });
});

describe("what cannot be exported", () => {
  it("is refused: a name with bytes that are no UTF-8, until it is left out", async () => {
    await withDatabase((sql) => {
      sql.exec('CREATE TABLE good (a); CREATE TABLE "bad\ud800" (a)');
      expect(() => textOf(sql)).toThrow(
        /^Cannot export the table "bad\ufffd+": its definition holds bytes that are no UTF-8/,
      );
      expect(textOf(sql, { tables: ["good"] })).toContain("CREATE TABLE good");
    });
  });

  it("is not a view that no longer compiles", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; PRAGMA legacy_alter_table=ON; DROP TABLE t");
      sql.exec("PRAGMA legacy_alter_table=OFF");
      expect(textOf(sql)).toContain("CREATE VIEW v AS SELECT a FROM t;");
    });
  });

  it("is not a table without any usable key: its rows come in their order", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (rowid, _rowid_, oid); INSERT INTO t VALUES (3, 1, 2), (1, 2, 3), (2, 3, 1)");
      expect(textOf(sql, { format: "csv", page: { rows: 2, bytes: 1e6 } })).toBe(
        '"rowid","_rowid_","oid"\n3,1,2\n1,2,3\n2,3,1\n',
      );
    });
  });

  it("is told with the place: a generated column that cannot be worked out", async () => {
    await withDatabase((sql) => {
      sql.exec(
        `CREATE TABLE t (a); INSERT INTO t (a) VALUES ('{}'), ('no JSON'); ALTER TABLE t ADD COLUMN b AS (json_extract(a, '$.x'))`,
      );
      expect(() => textOf(sql, { format: "csv" })).toThrow(/^Cannot read table "t" behind row 0: malformed JSON/);
    });
  });
});

describe("options of a format", () => {
  const schema = `CREATE TABLE t ("=a", b); INSERT INTO t VALUES (x'00ff', 9007199254740993), ('-1', -9007199254740992), (char(9) || 'x', -5), ('a=', 1.5)`;
  it.each<[Wanted, string]>([
    [{ format: "csv" }, '"=a","b"\n"AP8=",9007199254740993\n"-1",-9007199254740992\n"\tx",-5\n"a=",1.5\n'],
    [
      { format: "csv", formatOptions: { blobs: "hex" } },
      '"=a","b"\n"00FF",9007199254740993\n"-1",-9007199254740992\n"\tx",-5\n"a=",1.5\n',
    ],
    [
      { format: "csv", formatOptions: { bom: "1" } },
      '\ufeff"=a","b"\n"AP8=",9007199254740993\n"-1",-9007199254740992\n"\tx",-5\n"a=",1.5\n',
    ],
    [
      { format: "csv", formatOptions: { formulas: "guard" } },
      `"'=a","b"\n"AP8=",9007199254740993\n"'-1",-9007199254740992\n"'\tx",-5\n"a=",1.5\n`,
    ],
    [
      { format: "jsonl", formatOptions: { int64: "string" } },
      '{"=a":{"$base64":true,"encoded":"AP8="},"b":"9007199254740993"}\n{"=a":"-1","b":-9007199254740992}\n{"=a":"\\tx","b":-5}\n{"=a":"a=","b":1.5}\n',
    ],
  ])("change what they say: %j", async (wanted, expected) => {
    await withDatabase((sql) => {
      sql.exec(schema);
      expect(textOf(sql, wanted)).toBe(expected);
    });
  });

  // a table by the fast path, and by the slow one, which a NUL in a text asks for
  const values = `INSERT INTO t VALUES (NULL, NULL, NULL, ''), ('NULL', 9e999, x'00ff', '\\N'), (1000000000000000, -9e999, x'', -999999999999999)`;
  const header = '"a","b","c","d"\n';
  it.each<[Wanted, string]>([
    [
      { format: "csv" },
      `${header},,,""\n"NULL",Infinity,"AP8=","\\N"\n1000000000000000,-Infinity,"",-999999999999999\n`,
    ],
    [
      { format: "csv", formatOptions: { nulls: "\\N", infinity: "number", blobs: "postgres" } },
      `${header}\\N,\\N,\\N,""\n"NULL",9e999,"\\x00FF","\\N"\n1000000000000000,-9e999,"\\x",-999999999999999\n`,
    ],
    [
      { format: "csv", formatOptions: { nulls: "(nothing", infinity: "null", blobs: "duckdb", int64: "string" } },
      `${header}(nothing,(nothing,(nothing,""\n"NULL",(nothing,"\\x00\\xFF","\\N"\n"1000000000000000",(nothing,"",-999999999999999\n`,
    ],
    [
      { format: "jsonl", formatOptions: { infinity: "string", blobs: "base64" } },
      '{"a":null,"b":null,"c":null,"d":""}\n{"a":"NULL","b":"Infinity","c":"AP8=","d":"\\\\N"}\n{"a":1000000000000000,"b":"-Infinity","c":"","d":-999999999999999}\n',
    ],
    [
      { format: "jsonl", formatOptions: { infinity: "null", blobs: "hex" } },
      '{"a":null,"b":null,"c":null,"d":""}\n{"a":"NULL","b":null,"c":"00FF","d":"\\\\N"}\n{"a":1000000000000000,"b":null,"c":"","d":-999999999999999}\n',
    ],
  ])("write NULLs, infinities and BLOBs as a reader has them, by both paths: %j", async (wanted, expected) => {
    for (const columns of ["a, b, c, d", "a, b REAL, c BLOB, d"]) {
      await withDatabase((sql) => {
        sql.exec(`CREATE TABLE t (${columns}); ${values}`);
        expect(textOf(sql, wanted)).toBe(expected);
        sql.exec(`INSERT INTO t (a) VALUES (char(0))`);
        expect(textOf(sql, wanted).startsWith(expected)).toBe(true);
      });
    }
  });
});
