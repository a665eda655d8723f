/** Undo logs over tables that are out of the ordinary, two at once: one begins while the other is read, and rows change under both. */
import { describe, expect, it } from "vitest";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { withDatabase } from "../support/database.ts";
import { byThoroughness } from "../support/thorough.ts";
import { leftOf, rowsOf, uncoveredIn } from "../support/undo-log.ts";

/** A schema with its rows, and what is done to them. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    "names like those that the log itself uses",
    [
      `CREATE TABLE "_t" ("_t" INTEGER PRIMARY KEY, "_o" UNIQUE, "k", "at", "NEW", "OLD", "a""b", "job" UNIQUE, "n")`,
      `INSERT INTO "_t" VALUES (1,1,1,1,1,1,1,1,1),(2,2,2,2,2,2,2,2,2),(3,3,3,3,3,3,3,3,3),(4,4,4,4,4,4,4,4,4)`,
    ],
    [`REPLACE INTO "_t" VALUES (9,3,0,0,0,0,0,4,0)`, `UPDATE "_t" SET "NEW"=7, "OLD"=8, "k"=9`],
  ],
  [
    "the same without rowid",
    [
      `CREATE TABLE "_o" ("_t", "_o" COLLATE NOCASE, "k", PRIMARY KEY ("_o", "k" DESC, "_t")) WITHOUT ROWID`,
      `INSERT INTO "_o" VALUES (1,'a',1),(2,'B',1),(3,'c',1),(4,'d',1)`,
    ],
    [`REPLACE INTO "_o" VALUES (3,'C',1)`, `UPDATE "_o" SET k=k+1`, `DELETE FROM _o`],
  ],
  [
    "names that must be quoted",
    [
      `CREATE TABLE "a ""q' b" ("x'y" INTEGER PRIMARY KEY, "p?q" UNIQUE, "[z]")`,
      `INSERT INTO "a ""q' b" VALUES (1,1,1),(2,2,2),(3,3,3),(4,4,4)`,
    ],
    [`REPLACE INTO "a ""q' b" VALUES (8,3,3)`, `UPDATE "a ""q' b" SET "x'y"="x'y"+10`],
  ],
  [
    "columns called like the rowid",
    [`CREATE TABLE t (rowid, oid UNIQUE)`, `INSERT INTO t VALUES (5,1),(6,2),(7,3),(8,4)`],
    [`REPLACE INTO t VALUES (1,4)`, `DELETE FROM t WHERE oid=3`, `UPDATE t SET rowid=99`],
  ],
  [
    "values of another class than their key",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c INTEGER UNIQUE)`,
      `INSERT INTO t VALUES (1,'1','1'),(2,'2',2),(3,'3',3),(4,'4',4),(5,'5',5)`,
    ],
    [
      `REPLACE INTO t VALUES ('3',77,88)`,
      `REPLACE INTO t VALUES (9, 4, 99)`,
      `REPLACE INTO t VALUES (10, 'q', '5')`,
      `INSERT OR REPLACE INTO t VALUES ('4.0', 4, 4.0)`,
    ],
  ],
  [
    "real keys",
    [
      `CREATE TABLE t (a PRIMARY KEY, b REAL UNIQUE) WITHOUT ROWID`,
      `INSERT INTO t VALUES (1,1),(2.0,2),(2.5,3),('2',4),(x'32',5),(0.0,6),(x'',7),('',8),(1e300,9),(9007199254740993,10)`,
    ],
    [
      `REPLACE INTO t VALUES (2,20)`,
      `REPLACE INTO t VALUES (-0.0,3)`,
      `REPLACE INTO t VALUES (9007199254740993.0, 11)`,
      `UPDATE OR REPLACE t SET b='4' WHERE a=1`,
      `UPDATE t SET b=b+0.5`,
    ],
  ],
  [
    "odd text keys",
    [
      `CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT COLLATE RTRIM UNIQUE) WITHOUT ROWID`,
      `INSERT INTO t VALUES ('a'||char(0)||'b','1'),('a','2'),(CAST(x'ff41' AS TEXT),'3'),('é','4'),('A','5 ')`,
    ],
    [
      `REPLACE INTO t VALUES ('a'||char(0)||'b','9')`,
      `REPLACE INTO t VALUES (CAST(x'ff41' AS TEXT),'5')`,
      `UPDATE t SET b=b||'x'`,
      `DELETE FROM t`,
    ],
  ],
  [
    "the smallest and the largest rowid",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)`,
      `INSERT INTO t VALUES (-9223372036854775808,1),(-1,2),(0,3),(1,4),(9223372036854775807,5)`,
    ],
    [
      `INSERT INTO t(b) VALUES ('auto')`,
      `REPLACE INTO t VALUES (9223372036854775807,4)`,
      `UPDATE OR REPLACE t SET a=a+1 WHERE a<0`,
      `REPLACE INTO t(b) VALUES (3)`,
    ],
  ],
  [
    "indexes that collate otherwise than their columns",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c TEXT COLLATE NOCASE)`,
      `CREATE UNIQUE INDEX i ON t(b COLLATE NOCASE)`,
      `CREATE UNIQUE INDEX j ON t(c COLLATE BINARY) WHERE a>2`,
      `INSERT INTO t VALUES (1,'a','x'),(2,'b','X'),(3,'c','y'),(4,'d','Y')`,
    ],
    [`REPLACE INTO t VALUES (9,'C','q')`, `REPLACE INTO t VALUES (10,'zz','Y')`],
  ],
  [
    "several upsert targets",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c UNIQUE)`,
      `INSERT INTO t VALUES (1,1,1),(2,2,2),(3,3,3),(4,4,4)`,
    ],
    [
      `INSERT INTO t VALUES (3,9,9) ON CONFLICT(b) DO NOTHING ON CONFLICT(a) DO UPDATE SET a=30, b=excluded.b`,
      `INSERT OR REPLACE INTO t VALUES (7,4,2) ON CONFLICT(a) DO NOTHING`,
    ],
  ],
  [
    "foreign keys",
    [
      `CREATE TABLE p (a INTEGER PRIMARY KEY, b UNIQUE)`,
      `CREATE TABLE c (x INTEGER DEFAULT 1 REFERENCES p(a) ON DELETE SET DEFAULT ON UPDATE CASCADE, y UNIQUE)`,
      `CREATE TABLE d (x REFERENCES p(b) ON DELETE CASCADE ON UPDATE SET NULL)`,
      `INSERT INTO p VALUES (1,1),(2,2),(3,3),(4,4)`,
      `INSERT INTO c VALUES (2,2),(3,3),(4,4)`,
      `INSERT INTO d VALUES (2),(3),(4)`,
    ],
    [
      `DELETE FROM p WHERE a=3`,
      `UPDATE p SET a=a+10 WHERE a>1`,
      `UPDATE p SET b=b+10 WHERE b>1`,
      `REPLACE INTO p VALUES (1,14)`,
    ],
  ],
  [
    "rows that follow themselves",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b REFERENCES t(a) ON UPDATE CASCADE)`,
      `INSERT INTO t VALUES (1,1),(2,2),(3,2),(4,3)`,
    ],
    [`UPDATE t SET a=a+10 WHERE a>1`, `UPDATE t SET a=2 WHERE a=12`],
  ],
  [
    "rows that follow themselves, without rowid",
    [
      `CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, b REFERENCES t(a) ON UPDATE CASCADE) WITHOUT ROWID`,
      `INSERT INTO t VALUES ('a','a'),('b','b'),('c','b'),('d','d')`,
    ],
    [`UPDATE t SET a='x'||a WHERE a>'a'`, `UPDATE t SET a='B' WHERE a='xd'`],
  ],
  [
    "rows that are written again by a trigger on what follows them",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b)`,
      `CREATE TABLE u (x REFERENCES t(a) ON UPDATE SET NULL)`,
      `CREATE TRIGGER h AFTER UPDATE ON u BEGIN UPDATE t SET b=b+1; DELETE FROM t WHERE a>20; END`,
      `INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4)`,
      `INSERT INTO u VALUES (2),(3),(4)`,
    ],
    [`UPDATE t SET a=a+10 WHERE a<4`, `UPDATE t SET a=a+10 WHERE a<14`],
  ],
  [
    "a view that is written through",
    [
      `CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)`,
      `CREATE VIEW v AS SELECT * FROM t`,
      `CREATE TRIGGER vi INSTEAD OF UPDATE ON v BEGIN REPLACE INTO t VALUES (NEW.a+50, NEW.b); END`,
      `INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4)`,
    ],
    [`UPDATE v SET a=a+1`, `DELETE FROM t WHERE a>52`],
  ],
];
const formats = ["sql", "csv", "jsonl"] as const;

describe("two undo logs at once", () => {
  it.each(cases)("give back %s", async (_, schema, deeds) => {
    const allSettings = [0, 1].flatMap((recursive) =>
      formats.flatMap((format) => [1, 2, 3].map((size) => ({ recursive, format, size }))),
    );
    const every = byThoroughness(4, 1);
    const settings = allSettings.filter((_setting, index) => index % every === 0);
    for (const { recursive, format, size } of settings)
      for (const when of [0, 1, 2, 3])
        await withDatabase((sql) => {
          for (const statement of [`PRAGMA recursive_triggers=${recursive}`, ...schema]) sql.exec(statement);
          expect(uncoveredIn(sql)).toEqual([]);
          const wanted = rowsOf(sql, format, size, null, () => "go on");
          let [turn, done] = [0, 0];
          const change = () => {
            const deed = deeds[done++];
            if (deed !== undefined) sql.exec(deed).toArray();
            return "go on" as const;
          };
          const found = rowsOf(sql, format, size, new UndoLog(sql, "job"), () => {
            if (turn++ !== when) return "go on";
            expect(rowsOf(sql, format, size, new UndoLog(sql, "other"), change)).toBe(wanted);
            while (done < deeds.length) change();
            return "go on";
          });
          expect(found).toBe(wanted);
          for (const job of ["job", "other"]) new UndoLog(sql, job).drop();
          expect(leftOf(sql)).toEqual([]);
        });
  });
});
