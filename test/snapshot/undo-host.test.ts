/** What a host does while its rows are kept: it costs little, nothing of it is lost, and nothing stays behind. */
import { describe, expect, it } from "vitest";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { fileOf, withDatabase } from "../support/database.ts";
import {
  equal,
  expected,
  filledTestHost,
  finished,
  inTestHost,
  leftovers,
  options,
  run,
  storedBytes,
  underWay,
} from "../support/jobs.ts";
import { forwardedTo } from "../support/jobs.ts";
import { expectKept, freeze, leftOf, uncoveredIn } from "../support/undo-log.ts";

const many = (sql: SqlStorage, insert: string) =>
  sql.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) ${insert}`);

describe("an undo log beside a host's statements", () => {
  it.each([
    ["a partial index", "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c); CREATE UNIQUE INDEX i ON t (b) WHERE c = 0"],
    ["a default", "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT '' UNIQUE, c)"],
    [
      "a default in a key",
      "CREATE TABLE t (a NOT NULL DEFAULT 0, b NOT NULL DEFAULT 0, c, PRIMARY KEY (a, b)) WITHOUT ROWID",
    ],
    [
      "a default in a partial index",
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL DEFAULT 0, c); CREATE UNIQUE INDEX i ON t (b) WHERE c = 0",
    ],
  ])("looks for rows in the way by its index: %s", async (_, schema) => {
    await withDatabase((sql) => {
      sql.exec(schema);
      many(sql, "INSERT INTO t SELECT i, i, 0 FROM n");
      expect(uncoveredIn(sql)).toEqual([]);
      freeze(sql);
      for (const statement of [
        "UPDATE t SET c = 0 WHERE a = 70",
        "INSERT INTO t VALUES (9001, 9001, 0)",
        "REPLACE INTO t VALUES (80, 81, 0)",
      ])
        expect(sql.exec(statement).rowsRead).toBeLessThan(40);
    });
  });

  it.each([
    `t.c = 0 AND main."t".[c]<.5 AND 1.5 > main . t /* of it */ . c`,
    "c = 0",
    "(c = 'a)b' or c <> \"a\") /* where */ and b > 0 -- the end",
    "c IS NOT NULL AND d = 'x'",
  ])("keeps what is lost by a partial index: %s", async (condition) => {
    await withDatabase((sql) => {
      sql.exec(
        `CREATE TABLE t (a INTEGER PRIMARY KEY, b, c, d NOT NULL DEFAULT 'x'); CREATE UNIQUE INDEX "where" ON t (b, d) WHERE ${condition}`,
      );
      for (const c of [0, 1])
        for (const n of [1, 2, 3, 4])
          sql.exec("INSERT INTO t VALUES (?, ?, ?, ?)", n + c * 10, n, c, c === 0 ? "x" : `y${n}`);
      expect(uncoveredIn(sql)).toEqual([]);
      const statements = [
        "REPLACE INTO t VALUES (20, 4, 0, 'x')",
        "UPDATE OR REPLACE t SET b = 3, d = NULL WHERE a = 14",
        "UPDATE OR REPLACE t SET c = 0, b = 2, d = 'x'",
      ];
      expectKept(sql, (turn) => sql.exec(statements[turn] ?? "SELECT 1"));
    });
  });

  it.each([
    ["a key", 90, (columns: string) => `CREATE TABLE t (${columns}, z, PRIMARY KEY (${columns})) WITHOUT ROWID`],
    ["a unique index", 99, (columns: string) => `CREATE TABLE t (${columns}, z, UNIQUE (${columns}))`],
    [
      "a unique index over defaults",
      99,
      (columns: string) =>
        `CREATE TABLE t (${columns.replaceAll(",", " NOT NULL DEFAULT 1,")} NOT NULL DEFAULT 1, z, UNIQUE (${columns}))`,
    ],
  ])("keeps rows by %s of up to %i columns", async (_, most, definition) => {
    await withDatabase((sql) => {
      for (const width of [33, 60, 90, 91, 99]) {
        const columns = Array.from({ length: width }, (__, at) => `c${at}`).join(",");
        const row = (value: number) => `(${Array.from({ length: width + 1 }, () => value).join(",")})`;
        sql.exec(definition(columns));
        sql.exec(`INSERT INTO t VALUES ${row(1)}, ${row(2)}, ${row(3)}, ${row(4)}`);
        const changes = `UPDATE t SET c0 = 9 WHERE c1 = 2; REPLACE INTO t VALUES ${row(3)}; DELETE FROM t WHERE c1 = 4`;
        if (width > most) {
          const log = freeze(sql);
          expect(log.uncovered).toEqual(["t"]);
          sql.exec(changes);
          log.drop();
        } else {
          expectKept(sql, (turn) => {
            if (turn === 0) sql.exec(changes);
          });
        }
        sql.exec("DROP TABLE t");
      }
    });
  });

  it("keeps rows by an index over a column that is made of a hundred defaults", async () => {
    await withDatabase((sql) => {
      const columns = Array.from({ length: 94 }, (_, at) => `c${at}`);
      sql.exec(
        `CREATE TABLE t (${columns.map((name) => `${name} NOT NULL DEFAULT 1`).join(",")}, z, g AS (c0 || z) UNIQUE)`,
      );
      sql.exec("INSERT INTO t (z) VALUES (1), (2), (3)");
      freeze(sql);
      sql.exec("UPDATE t SET c5 = 7; INSERT INTO t (z) VALUES (4); REPLACE INTO t (z) VALUES (2)");
      expect(sql.exec("SELECT count(*) AS kept FROM _durable_export_undo_job_0_old").one()).toEqual({ kept: 3 });
    });
  });

  it("goes on where a column of the index is called by its table's name, also if that was another", async () => {
    await withDatabase((sql) => {
      sql.exec(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c); CREATE UNIQUE INDEX i ON t (b) WHERE t.c = 0 AND rowid > 0",
      );
      sql.exec("ALTER TABLE t RENAME TO old; INSERT INTO old VALUES (1, 1, 0), (2, 2, 0), (3, 3, 1)");
      expect(uncoveredIn(sql)).toEqual([]);
      expectKept(sql, (turn) =>
        sql.exec(["REPLACE INTO old VALUES (9, 2, 0)", "UPDATE OR REPLACE old SET b = 7"][turn] ?? "SELECT 1"),
      );
    });
  });

  it.each([90, 94, 97])(
    "does not vouch for a partial index whose condition makes its triggers too deep: %i terms",
    async (terms) => {
      await withDatabase((sql) => {
        const condition = Array.from({ length: terms }, (_, at) => `c=${at}`).join(" OR ");
        sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b, c); CREATE UNIQUE INDEX i ON t (b) WHERE ${condition}`);
        const log = freeze(sql);
        expect(log.uncovered).toEqual(terms > 90 ? ["t"] : []);
        sql.exec("INSERT INTO t VALUES (1, 1, 1); REPLACE INTO t VALUES (2, 1, 1); UPDATE t SET b = 3; DELETE FROM t");
        log.drop();
        expect(leftOf(sql)).toEqual([]);
      });
    },
  );

  it("begins anew although the host reads, and what it has kept cannot be dropped", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
      freeze(sql);
      sql.exec("UPDATE t SET b = 4");
      const reading = sql.exec("SELECT a FROM t");
      reading.next();
      expectKept(sql, () => sql.exec("UPDATE t SET b = b + 1"));
      reading.toArray();
      new UndoLog(sql, "job").drop();
      expect(leftOf(sql)).toEqual([]);
    });
  });

  it("does not vouch for names so long that its triggers could not be made", async () => {
    await withDatabase((sql) => {
      const columns = Array.from({ length: 89 }, (_, at) => `"${"ж".repeat(100)}${at}"`);
      sql.exec(`CREATE TABLE t (${columns.join(",")}, z UNIQUE)`);
      expect(uncoveredIn(sql)).toEqual(["t"]);
      expect(leftOf(sql)).toEqual([]);
    });
  });

  it("leaves it to the host's table to refuse a key that is NULL", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t VALUES (1, 1), (2, 2)");
      freeze(sql);
      for (const statement of ["UPDATE t SET a = NULL WHERE a = 2", "INSERT INTO t VALUES (NULL, 3)"])
        expect(() => sql.exec(statement)).toThrow("NOT NULL constraint failed: t.a");
      sql.exec("UPDATE OR IGNORE t SET a = NULL");
      expect(sql.exec("SELECT count(*) AS rows FROM t").one()).toEqual({ rows: 2 });
    });
  });

  it("sees what FTS5 has not written yet", async () => {
    const stub = await filledTestHost(1);
    await run(stub, "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('one')");
    const file = await inTestHost(stub, (_, { storage: { sql } }) => {
      sql.exec("INSERT INTO docs VALUES ('two')"); // in the same turn
      return fileOf(sql);
    });
    expect(new TextDecoder().decode(file)).toBe(new TextDecoder().decode(await expected(stub)));
    const download = await inTestHost(stub, ({ exporter }, { storage: { sql } }) => {
      const { body } = exporter.dump();
      sql.exec("INSERT INTO docs VALUES ('three')");
      return new Response(body).text();
    });
    expect(download).toBe(new TextDecoder().decode(await expected(stub)));
  });
});

describe("a host whose statement is not finished", () => {
  it.each(["completes", "is cancelled"])("holds up nothing: a job %s", async (end) => {
    const stub = await filledTestHost();
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    const reading = await inTestHost(stub, (_, { storage }) => {
      const cursor = storage.sql.exec("SELECT id FROM files");
      cursor.next();
      return cursor;
    });
    await run(stub, "DELETE FROM notes; DELETE FROM files WHERE id > 5990");
    if (end === "completes") {
      expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
      expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
    } else {
      const status = await inTestHost(stub, ({ exporter }) => exporter.delete(dumpId));
      expect(status).toMatchObject({ status: "cancelled" });
    }
    // no table can be dropped yet: they are empty, and no trigger fills them
    await run(stub, "UPDATE files SET name = 'x'");
    for (const { name } of (await leftovers(stub)).filter((table) => table.name !== "_durable_export_traces"))
      expect(await run(stub, `SELECT count(*) AS rows FROM "${name}"`)).toEqual([{ rows: 0 }]);
    await inTestHost(stub, () => reading.toArray());
    await inTestHost(stub, (object) => object.fetch(forwardedTo("/dumps")));
    expect(await leftovers(stub)).toEqual([]);
  });

  it("cuts no download off", async () => {
    const stub = await filledTestHost();
    const wanted = await expected(stub);
    const found = await inTestHost(stub, async ({ exporter }, { storage }) => {
      const reader = exporter.dump(options()).body.getReader();
      const bytes: Uint8Array[] = [];
      let cursor: SqlStorageCursor<{ id: number }> | undefined;
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        bytes.push(piece.value);
        cursor ??= storage.sql.exec<{ id: number }>("SELECT id FROM files");
        cursor.next();
      }
      expect(leftOf(storage.sql).length).toBeGreaterThan(0);
      expect(exporter.nextAlarm()).toBeLessThan(Date.now() + 61_000);
      cursor?.toArray();
      await exporter.alarm();
      expect(leftOf(storage.sql)).toEqual([]);
      return Buffer.concat(bytes);
    });
    expect(equal(found, wanted)).toBe(true);
  });
});

describe("a host that makes a table anew", () => {
  it.each(["snapshot", "fuzzy"] as const)("with the same definition fails a job, %s", async (consistency) => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub, consistency);
    await run(stub, "DROP TABLE notes; CREATE TABLE notes (body TEXT); INSERT INTO notes VALUES ('other')");
    expect(await finished(stub, dumpId)).toMatchObject({ status: "failed", error: { code: "schema_changed" } });
    expect(await leftovers(stub)).toEqual([]);
  });
});

describe("a table that no snapshot can be kept of", () => {
  it("is named where the snapshot is given up after it has changed", async () => {
    const stub = await filledTestHost();
    await run(
      stub,
      "CREATE TABLE odd (a, b); CREATE UNIQUE INDEX i ON odd (a || b); INSERT INTO odd SELECT id, name FROM files",
    );
    const dumpId = await underWay(stub, "snapshot", { onUndoLimit: "fuzzy" });
    await run(stub, "UPDATE odd SET b = 3 WHERE a = 3");
    await run(stub, "UPDATE files SET name = name || '!', bytes = randomblob(2500)");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["files", "odd"] });
  });
});

describe("tables that are copied for a snapshot", () => {
  const fill =
    "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs SELECT hex(randomblob(900)) FROM files LIMIT 1500";

  it("are not counted as changes", async () => {
    const stub = await filledTestHost();
    await run(stub, `${fill}; ${fill.replaceAll("docs", "more")}`);
    const dumpId = await underWay(stub, "snapshot");
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
  });

  it.each([
    ["UPDATE docs SET body = 'other' WHERE rowid = 3", ["files", "docs"]],
    ["UPDATE notes SET body = body", ["files", "notes"]],
  ])("are named where the snapshot is given up, if they have changed: %s", async (statement, changedTables) => {
    const stub = await filledTestHost();
    await run(stub, `${fill}; CREATE VIRTUAL TABLE quiet USING fts5(body); INSERT INTO quiet VALUES ('one')`);
    const dumpId = await underWay(stub, "snapshot", { onUndoLimit: "fuzzy" });
    await run(stub, statement);
    await run(stub, "UPDATE files SET name = name || '!', bytes = randomblob(2500)");
    expect(await finished(stub, dumpId)).toMatchObject({ snapshotAt: null, consistency: "fuzzy", changedTables });
  });
});
