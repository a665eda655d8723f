/** Files whose bytes are fixed: every format and kind of packing, and a snapshot beside a writer. A change of the code that is none of the files leaves them. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { sha256Hex } from "../../src/job/checksums.ts";
import { withDatabase, fileOf, type Wanted } from "../support/database.ts";
import { finished, inTestHost, options, storedBytes } from "../support/jobs.ts";

const schema = `CREATE TABLE plain (id INTEGER PRIMARY KEY, label TEXT, price REAL, amount INTEGER, note);
  CREATE TABLE keyed (k TEXT, n INT, v, PRIMARY KEY (k, n DESC)) WITHOUT ROWID;
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INT REFERENCES plain(id) ON DELETE CASCADE, twice INT AS (id * 2));
  CREATE TABLE strict (a INT, b TEXT, c BLOB, d ANY, e REAL) STRICT; CREATE TABLE sparse (v);
  CREATE VIRTUAL TABLE texts USING fts5(body); CREATE VIRTUAL TABLE places USING rtree(id, x0, x1);
  CREATE VIEW cheap AS SELECT * FROM plain WHERE price < 10; CREATE INDEX by_label ON plain(label COLLATE NOCASE);
  CREATE TRIGGER kept AFTER DELETE ON plain BEGIN DELETE FROM keyed WHERE n = old.id; END`;
const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) INSERT INTO plain
    SELECT i, CASE i % 7 WHEN 0 THEN 'it''s "' || char(10) || i WHEN 1 THEN char(31, 13, 10) || i WHEN 2 THEN '=1,' || i WHEN 3 THEN '' WHEN 4 THEN NULL ELSE 'é' || i END,
      CASE i % 400 WHEN 0 THEN 9e999 WHEN 1 THEN -0.0 ELSE i * 0.1 END, CASE i % 9 WHEN 0 THEN 9223372036854775807 - i ELSE i END,
      CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i / 8.0 WHEN 3 THEN 'text ' || i ELSE CAST('blob ' || i AS BLOB) END FROM n;
  INSERT INTO keyed SELECT 'key ' || (id % 30), id, zeroblob(id % 3000) FROM plain WHERE id % 10 = 0;
  INSERT INTO counted (id, parent) SELECT id, id FROM plain WHERE id < 99; INSERT INTO sparse (rowid, v) SELECT id * 3, label FROM plain WHERE id < 999;
  INSERT INTO strict SELECT id, label, CAST(label AS BLOB), note, price FROM plain WHERE label IS NOT NULL AND id < 500;
  INSERT INTO texts SELECT label FROM plain WHERE id < 99; INSERT INTO places VALUES (1, 2, 3)`;

const each: readonly [name: string, wanted: Wanted][] = [
  ...(["sql", "csv", "jsonl"] as const).flatMap((format): [string, Wanted][] => [
    [format, { format }],
    [`${format}, gzip`, { format, compress: "gzip" }],
    [`${format}, one table`, { format, tables: ["plain"] }],
    [`${format}, one table, gzip`, { format, tables: ["plain"], compress: "gzip" }],
    [`${format}, one table, zstd`, { format, tables: ["plain"], compress: "zstd" }],
    [`${format}, without two tables`, { format, exclude: ["plain", "texts"] }],
    [`${format}, rows alone`, { format, content: "data" }],
    [`${format}, definitions alone`, { format, content: "schema" }],
  ]),
  ["sql, for D1", { target: "d1" }],
  ["sql, for D1, gzip", { target: "d1", compress: "gzip" }],
  ["sql, for D1, rows alone", { target: "d1", content: "data" }],
  ["sql, zstd", { compress: "zstd" }],
  ["csv, guarded", { format: "csv", formatOptions: { formulas: "guard", bom: "1" } }],
  ["csv, for PostgreSQL", { format: "csv", tables: ["plain"], formatOptions: { nulls: "\\N", blobs: "postgres" } }],
  ["jsonl, int64 as text", { format: "jsonl", formatOptions: { int64: "string", infinity: "string", blobs: "hex" } }],
];

describe("a file is, byte for byte, what it has been", () => {
  it.each(each)("%s", async (_, wanted) => {
    await withDatabase(async (sql) => {
      sql.exec(`${schema}; ${rows}`);
      expect(await sha256Hex(fileOf(sql, wanted).toHex())).toMatchSnapshot();
    });
  });

  it.each(["sql", "csv", "jsonl"] as const)("%s, a job's snapshot while rows are changed", async (format) => {
    const stub = env.TEST_HOST.get(env.TEST_HOST.idFromName(crypto.randomUUID()));
    const dumpId = await inTestHost(stub, async ({ exporter }, state) => {
      const { sql } = state.storage;
      sql.exec(`${schema}; ${rows}`);
      const started = await exporter.start({ ...options({ format }), consistency: "snapshot" });
      sql.exec("UPDATE plain SET label = 'changed' WHERE id % 3 = 0; DELETE FROM keyed WHERE n % 20 = 0");
      sql.exec("INSERT INTO sparse (v) SELECT 'new' FROM plain LIMIT 50; DELETE FROM texts WHERE rowid % 2 = 0");
      return started.dumpId;
    });
    const { consistency } = await finished(stub, dumpId);
    const bytes = await storedBytes(stub, dumpId);
    expect(consistency).toBe("snapshot");
    expect(await sha256Hex((bytes ?? new Uint8Array()).toHex())).toMatchSnapshot();
  });

  it.each(["sql", "csv", "jsonl"] as const)("%s, a download while rows are changed", async (format) => {
    const stub = env.TEST_HOST.get(env.TEST_HOST.idFromName(crypto.randomUUID()));
    await inTestHost(stub, async ({ exporter }, state) => {
      const { sql } = state.storage;
      sql.exec(`${schema}; ${rows}`);
      sql.exec("CREATE TABLE large (id INTEGER PRIMARY KEY, bytes BLOB)");
      sql.exec("INSERT INTO large SELECT id, zeroblob(1000) FROM plain");
      const { body } = exporter.dump({ ...options({ format }), consistency: "snapshot" });
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) {
        if (chunks.push(chunk) === 1) sql.exec("UPDATE large SET bytes = x'00' WHERE id % 2 = 0; DELETE FROM plain");
      }
      expect(await sha256Hex(concatBytes(chunks).toHex())).toMatchSnapshot();
    });
  });
});
