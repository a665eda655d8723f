/** A job says whether its file is the database of one moment, whatever is written meanwhile and however often the object is lost. */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  equal,
  expected,
  filledTestHost,
  finished,
  forwardedTo,
  inTestHost,
  leftovers,
  run,
  storedBytes,
  underWay,
} from "../support/jobs.ts";

const changes = [
  "INSERT INTO notes VALUES ('new')",
  "INSERT OR REPLACE INTO files VALUES (1, 'replaced', x''), (5999, 'replaced', x'')",
  "UPDATE notes SET body = 'x' WHERE rowid > 5; DELETE FROM files WHERE id > 5000",
  "DELETE FROM notes",
  "UPDATE files SET id = -id WHERE id % 10 = 0",
  "INSERT INTO files (id) VALUES (5998) ON CONFLICT DO UPDATE SET name = 'upserted'",
];

describe("a job with a snapshot", () => {
  it.each(changes)("is what was there at its start, whatever follows: %s", async (sql) => {
    const stub = await filledTestHost();
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, sql);
    expect(equal(await expected(stub), wanted)).toBe(false);
    expect(await finished(stub, dumpId)).toMatchObject({
      status: "complete",
      consistency: "snapshot",
      changedTables: [],
      unwatchedTables: [],
      warnings: [],
      snapshotAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
    expect(await leftovers(stub)).toEqual([]);
  });

  it("is what was there although the object is lost, again and again", async () => {
    const stub = await filledTestHost();
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    for (const sql of changes) {
      await run(stub, sql);
      await abortAllDurableObjects();
      await inTestHost(stub, (object) => object.fetch(forwardedTo("/dumps")));
      await scheduler.wait(30);
    }
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
    expect(await leftovers(stub)).toEqual([]);
  });

  it("holds FTS5 tables still, too, and rows that SQLite keeps for itself", async () => {
    const stub = await filledTestHost();
    await run(
      stub,
      "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('one two'); CREATE TABLE counted (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO counted VALUES (7)",
    );
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, "UPDATE docs SET body = 'two one'; INSERT INTO counted VALUES (NULL); DELETE FROM docs");
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
  });

  it("says of which tables it has none: those with an index that no trigger can follow, if they change", async () => {
    const stub = await filledTestHost();
    await run(stub, "CREATE UNIQUE INDEX lower_notes ON notes (lower(body))");
    const quiet = await underWay(stub, "snapshot");
    expect(await finished(stub, quiet)).toMatchObject({ consistency: "snapshot", changedTables: [] });
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, "INSERT OR REPLACE INTO notes VALUES ('NOTE 5900'); DELETE FROM files WHERE id > 5500");
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["notes"] });
    expect(await leftovers(stub)).toEqual([]);
  });

  it("fails loudly where more is changed than may be kept", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub, "snapshot");
    await run(stub, "UPDATE files SET name = name || '!', bytes = randomblob(2500)");
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ status: "failed", error: { code: "snapshot_too_old" } });
    expect(done.error?.message).toMatch(
      /^Cannot keep the snapshot: \d+\.\d MiB of rows were changed since it began, the limit is 4\.0 MiB/,
    );
    expect(await leftovers(stub)).toEqual([]);
  });

  it("goes on without a snapshot then, if that is wanted, and says so", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub, "snapshot", { onUndoLimit: "fuzzy" });
    await run(stub, "UPDATE files SET name = name || '!', bytes = randomblob(2500)");
    expect(await finished(stub, dumpId)).toMatchObject({
      status: "complete",
      snapshotAt: null,
      consistency: "fuzzy",
      changedTables: ["files"],
      warnings: [
        "More was changed than a snapshot may keep; the job went on without it",
        expect.stringMatching(/^Changed while/),
      ],
    });
    expect(await leftovers(stub)).toEqual([]);
  });

  it("changes nothing of what the host's own statements tell it", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub, "snapshot");
    const told = await inTestHost(stub, (_, { storage: { sql } }) => {
      const inserted = sql.exec("INSERT INTO files (name) VALUES ('a'), ('b') RETURNING id").toArray();
      const [row] = sql.exec("SELECT changes() AS changes, last_insert_rowid() AS last").toArray();
      const replaced = sql.exec("REPLACE INTO files (id, name) VALUES (5990, 'c') RETURNING id, name").toArray();
      const [after] = sql.exec("SELECT changes() AS changes, last_insert_rowid() AS last").toArray();
      return { inserted, row, replaced, after };
    });
    expect(told).toEqual({
      inserted: [{ id: 6001 }, { id: 6002 }],
      row: { changes: 2, last: 6002 },
      replaced: [{ id: 5990, name: "c" }],
      after: { changes: 1, last: 5990 },
    });
    await finished(stub, dumpId);
  });

  it("takes back what was kept for a transaction that was rolled back", async () => {
    const stub = await filledTestHost();
    const wanted = await expected(stub);
    const dumpId = await underWay(stub, "snapshot");
    await inTestHost(stub, (_, { storage }) => {
      const write = () =>
        storage.transactionSync(() => {
          storage.sql.exec("DELETE FROM notes; UPDATE files SET name = 'no' WHERE id > 5990");
          throw new Error("no");
        });
      expect(write).toThrow("no");
    });
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
  });

  it("that is cancelled leaves nothing", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub, "snapshot");
    expect((await leftovers(stub)).length).toBeGreaterThan(0);
    await inTestHost(stub, ({ exporter }) => exporter.delete(dumpId));
    expect(await leftovers(stub)).toEqual([]);
  });
});

describe("a fuzzy job", () => {
  it("is a snapshot where nothing is written, and leaves no trigger", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    expect((await leftovers(stub)).length).toBe(10); // three triggers a table, and the seal
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ consistency: "snapshot", changedTables: [], unwatchedTables: [], warnings: [] });
    expect(await leftovers(stub)).toEqual([]);
  });

  it.each([
    ["INSERT INTO notes VALUES ('new')", ["notes"]],
    ["INSERT OR REPLACE INTO files VALUES (1, 'replaced', x'')", ["files"]],
    ["UPDATE notes SET body = 'x' WHERE rowid = 5; DELETE FROM files WHERE id = 7", ["files", "notes"]],
    ["DELETE FROM notes", ["notes"]],
    ["INSERT INTO files (id) VALUES (3) ON CONFLICT DO UPDATE SET name = 'upserted'", ["files"]],
    ["CREATE TABLE _durable_export_mine (a); DROP TABLE _durable_export_mine", []],
    ["UPDATE notes SET body = 'x' WHERE body = 'nothing like it'", []],
  ])("is fuzzy behind %s", async (sql, changedTables) => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    await run(stub, sql);
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({
      status: "complete",
      consistency: changedTables.length === 0 ? "snapshot" : "fuzzy",
      changedTables,
      warnings:
        changedTables.length === 0
          ? []
          : [
              `Changed while it was exported, so that rows may be partly old and partly new: ${changedTables.map((name) => `"${name}"`).join(", ")}`,
            ],
    });
    expect(await leftovers(stub)).toEqual([]);
  });

  it("knows of a change although the object was lost right behind it", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    await run(stub, "UPDATE files SET name = 'other' WHERE id = 6000");
    await abortAllDurableObjects();
    await inTestHost(stub, (object) => object.fetch(forwardedTo("/dumps")));
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["files"] });
  });

  it("is not fuzzy for what was rolled back", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    await inTestHost(stub, (_, { storage }) => {
      const write = () =>
        storage.transactionSync(() => {
          storage.sql.exec("DELETE FROM notes");
          throw new Error("no");
        });
      expect(write).toThrow("no");
    });
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "snapshot", changedTables: [] });
  });

  it("sees FTS5 tables and R-Trees change", async () => {
    const stub = await filledTestHost();
    await run(
      stub,
      "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE VIRTUAL TABLE quiet USING fts5(body); CREATE VIRTUAL TABLE words USING fts5vocab(docs, row); CREATE VIRTUAL TABLE places USING rtree(id, a, b); CREATE VIRTUAL TABLE idle USING rtree_i32(id, a, b, +c); INSERT INTO docs VALUES ('one two'); INSERT INTO quiet VALUES ('three'); INSERT INTO idle VALUES (1, 2, 3, 'four')",
    );
    const dumpId = await underWay(stub);
    await run(stub, "UPDATE docs SET body = 'two one'; INSERT INTO places VALUES (1, 2, 3)");
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ consistency: "fuzzy", changedTables: ["docs", "places"], unwatchedTables: [] });
  });

  it("changes nothing of what the host's own statements tell it", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    const told = await inTestHost(stub, (_, { storage: { sql } }) => {
      const inserted = sql.exec("INSERT INTO files (name) VALUES ('a'), ('b') RETURNING id").toArray();
      const [row] = sql.exec("SELECT changes() AS changes, last_insert_rowid() AS last").toArray();
      return { inserted, row };
    });
    expect(told).toEqual({ inserted: [{ id: 6001 }, { id: 6002 }], row: { changes: 2, last: 6002 } });
    await finished(stub, dumpId);
  });

  it("that is cancelled leaves no trigger either", async () => {
    const stub = await filledTestHost();
    const dumpId = await underWay(stub);
    await inTestHost(stub, ({ exporter }) => exporter.delete(dumpId));
    expect(await leftovers(stub)).toEqual([]);
  });
});
