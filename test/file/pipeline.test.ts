import { zstdDecompressSync } from "node:zlib";
import { unzipSync, gunzipSync } from "fflate";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { fileOf, rowsReadFor, textOf, withDatabase, type Wanted } from "../support/database.ts";

/** Tables of every kind of key, over several pages each. */
function fill(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, score REAL, big INTEGER);
    CREATE TABLE gaps (x);
    CREATE TABLE up (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE mixed (a INTEGER, b TEXT COLLATE NOCASE, v, PRIMARY KEY (a DESC, b)) WITHOUT ROWID;
    CREATE TABLE k (r TEXT PRIMARY KEY DESC, k INTEGER) WITHOUT ROWID;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO people SELECT i, 'Name ' || i, CASE WHEN i % 3 = 0 THEN zeroblob(i % 50) END, i / 7.0, 9007199254740993 + i FROM n;
    INSERT INTO gaps (rowid, x) SELECT id * 2 - 900, name FROM people WHERE id < 3000;
    INSERT INTO up SELECT 'group ' || (id % 7), id, name FROM people;
    INSERT INTO mixed SELECT id % 11, 'Key' || id, name FROM people;
    INSERT INTO k SELECT 'key ' || id, id FROM people;
  `);
}

const kinds: readonly Wanted[] = [
  { format: "sql" },
  { format: "sql", gzip: true },
  { format: "sql", gzip: true, deflate: "fflate" },
  { format: "csv" },
  { format: "csv", gzip: true },
  { format: "jsonl", tables: ["people"] },
  { format: "csv", tables: ["mixed"], gzip: true },
  { format: "sql", compress: "zstd" },
  { format: "csv", tables: ["mixed"], compress: "zstd" },
];

describe("the chain", () => {
  it("gives the same bytes however it is cut into slices", async () => {
    await withDatabase((sql) => {
      fill(sql);
      for (const wanted of kinds) {
        const whole = fileOf(sql, wanted);
        for (const steps of [1, 2, 7]) expect(fileOf(sql, wanted, steps), JSON.stringify(wanted)).toEqual(whole);
      }
    });
  });

  it("reads each row once", async () => {
    await withDatabase((sql) => {
      fill(sql);
      for (const table of ["people", "gaps", "up", "mixed", "k"]) {
        const { n } = sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one();
        const read = rowsReadFor(sql, { format: "csv", tables: [table] });
        const schema = rowsReadFor(sql, { content: "schema", tables: [table] });
        expect((read - schema) / n, table).toBeLessThan(1.1); // a page that needs the slow path is read twice, now and then
        expect(rowsReadFor(sql, { format: "sql", tables: [table] }) - schema, table).toBeLessThan(n * 1.1);
      }
    });
  });

  it("makes CSV that PapaParse reads back", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const { data } = Papa.parse<string[]>(textOf(sql, { format: "csv", tables: ["people"] }).trimEnd());
      expect(data).toHaveLength(9001);
      expect(data[0]).toEqual(["id", "name", "photo", "score", "big"]);
      expect(data[3]).toEqual(["3", "Name 3", "AAAA", "0.42857142857142855", "9007199254740996"]);
      expect(data[4]).toEqual(["4", "Name 4", "", "0.5714285714285714", "9007199254740997"]);
    });
  });

  it("makes JSON Lines that JSON.parse reads back", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const lines = textOf(sql, { format: "jsonl", tables: ["people"] })
        .trimEnd()
        .split("\n");
      expect(lines).toHaveLength(9000);
      expect(lines[2]).toBe(
        '{"id":3,"name":"Name 3","photo":{"$base64":true,"encoded":"AAAA"},"score":0.42857142857142855,"big":9007199254740996}',
      );
      for (const line of lines) expect(Object.keys(JSON.parse(line))).toHaveLength(5);
    });
  });

  it("packs several tables of a table format into a ZIP with their schema", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const entries = unzipSync(fileOf(sql, { format: "csv", gzip: true }));
      expect(Object.keys(entries)).toEqual([
        "schema.sql",
        "people.csv",
        "gaps.csv",
        "up.csv",
        "mixed.csv",
        "k.csv",
        "manifest.json",
      ]);
      expect(JSON.parse(new TextDecoder().decode(entries["manifest.json"]))).toMatchObject({
        format: "csv",
        tables: [
          { table: "people", file: "people.csv", rows: 9000 },
          {},
          {},
          {},
          { table: "k", file: "k.csv", rows: 9000 },
        ],
        warnings: [],
      });
      expect(new TextDecoder().decode(entries["mixed.csv"])).toBe(textOf(sql, { format: "csv", tables: ["mixed"] }));
      expect(new TextDecoder().decode(entries["schema.sql"])).toContain("CREATE TABLE people (");
    });
  });

  it("makes one gzip member of the same bytes", async () => {
    await withDatabase(async (sql) => {
      fill(sql);
      const plain = fileOf(sql);
      const packed = fileOf(sql, { gzip: true });
      expect(gunzipSync(packed)).toEqual(plain);
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(plain);
    });
  });

  it("makes one zstd frame of the same bytes", async () => {
    await withDatabase((sql) => {
      fill(sql);
      expect(new Uint8Array(zstdDecompressSync(fileOf(sql, { compress: "zstd" })))).toEqual(fileOf(sql));
    });
  });

  it("keeps the order of keys that run both ways, and every row of them", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const expected = sql
        .exec<{ a: number; b: string }>("SELECT a, b FROM mixed ORDER BY a DESC, b")
        .toArray()
        .map((row) => `${row.a},"${row.b}"`);
      const lines = textOf(sql, { format: "csv", tables: ["mixed"] })
        .trimEnd()
        .split("\n")
        .slice(1);
      expect(lines.map((line) => line.split(",").slice(0, 2).join(","))).toEqual(expected);
    });
  });

  it("says when it is whole, and with how many rows", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const end = 'COMMIT;\nDROP TABLE IF EXISTS temp."durable_export";\n-- dump complete: 5 tables, 38999 rows\n';
      expect(textOf(sql).endsWith(end)).toBe(true);
      expect(textOf(sql, { tables: ["k"] }).endsWith("-- dump complete: 1 tables, 9000 rows\n")).toBe(true);
    });
  });

  it("takes rows that grow without notice, up to the engine's largest values", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
      sql.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'x' FROM n",
      );
      sql.exec("INSERT INTO t SELECT 2000 + id, zeroblob(2000000) FROM t WHERE id <= 6");
      sql.exec("INSERT INTO t VALUES (3000, zeroblob(8000000))");
      const dump = textOf(sql);
      expect(dump.match(/X'0+'/g)?.map((literal) => literal.length)).toEqual([
        ...Array<number>(6).fill(4_000_003),
        16_000_003,
      ]);
      expect(dump).toContain("-- dump complete: 1 tables, 2007 rows");
      expect(Buffer.from(dump).equals(fileOf(sql, {}, 1))).toBe(true);
    });
  });
});
