/** A job must not go on with other bytes than it began with: whoever changes what a database comes out as gives that another number. */
import { expect, it } from "vitest";
import { concatBytes, utf8 } from "../../formats/kit/bytes.ts";
import { sha256Hex } from "../../src/job/checksums.ts";
import { renderingVersion } from "../../src/file/plan.ts";
import { fileOf, withDatabase, type Wanted } from "../support/database.ts";

/**
 * What the database below comes out as. If this test fails, the bytes of a file have changed, or where its pages end: `renderingVersion` goes up by
 * one, unless it has done so since the last release, and the digest becomes the one that was found.
 */
const recorded = { version: 2, digest: "b8868dc19e300e43ae13df3a4894ad802662eca9f4721938e2df6f4cc5e1221a" };

const wanteds: readonly Wanted[] = (["sql", "csv", "jsonl"] as const).flatMap((format) =>
  [false, true].map((gzip) => ({ format, gzip, deflate: "fflate" as const })),
);

it("files are those of this rendering version", async () => {
  await withDatabase(async (sql) => {
    sql.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, v, t TEXT, r REAL, CHECK (id > 0)); CREATE TABLE b (k TEXT, n INT, v, PRIMARY KEY (k, n DESC)) WITHOUT ROWID;
      CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT, v); CREATE TABLE sparse (v); CREATE VIRTUAL TABLE f USING fts5(t); CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);
      CREATE VIEW va AS SELECT * FROM a; CREATE INDEX ia ON a(v); CREATE TRIGGER ta AFTER DELETE ON a BEGIN DELETE FROM b; END;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO a
        SELECT i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i / 8.0 WHEN 3 THEN 'text ' || i ELSE CAST('blob ' || i AS BLOB) END,
        CASE i % 7 WHEN 0 THEN 'it''s "' || char(10) || i WHEN 1 THEN char(31, 13, 10) || i WHEN 2 THEN '=1,' || i ELSE 'é' || i END, i * 0.1 FROM n;
      INSERT INTO b SELECT 'key ' || (id % 30), id, zeroblob(id % 3000) FROM a WHERE id % 10 = 0; INSERT INTO s (v) SELECT t FROM a WHERE id < 99;
      INSERT INTO sparse (rowid, v) SELECT id * 3, t FROM a WHERE id < 999; INSERT INTO f SELECT t FROM a WHERE id < 99; INSERT INTO r VALUES (1, 2, 3)`);
    const files = [...wanteds, { target: "d1" as const }, { format: "csv" as const, tables: ["a"] }].map((wanted) =>
      fileOf(sql, wanted),
    );
    const lengths = files.map((bytes) => bytes.length);
    const digest = await sha256Hex(concatBytes([...files, utf8(String(lengths))]).toHex());
    expect({ version: renderingVersion, digest }).toEqual(recorded);
  });
});
