/** A job says whether its file is the database of one moment, whatever is written meanwhile and however often the object is lost. */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { filledArchive, finished, forwardedTo, inArchive, options } from "./jobs.ts";

type Stub = Awaited<ReturnType<typeof filledArchive>>;

/** Starts a job and waits until it has read some rows. */
async function underWay(stub: Stub): Promise<string> {
  const { dumpId } = await inArchive(stub, ({ exporter }) => exporter.start(options()));
  await vi.waitFor(async () => {
    const { progress } = await inArchive(stub, ({ exporter }) => exporter.status(dumpId));
    expect(progress.rows).toBeGreaterThan(0);
  });
  return dumpId;
}

const run = (stub: Stub, sql: string) => inArchive(stub, (_, state) => state.storage.sql.exec(sql).toArray());

const leftovers = (stub: Stub) =>
  run(
    stub,
    "SELECT name FROM sqlite_schema WHERE name LIKE '_export_watch%' UNION ALL SELECT name FROM _export_changed",
  );

describe("a job", () => {
  it("is a snapshot where nothing is written, and leaves no trigger", async () => {
    const stub = await filledArchive();
    const dumpId = await underWay(stub);
    expect((await leftovers(stub)).length).toBe(6);
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
    ["CREATE TABLE _export_mine (a); DROP TABLE _export_mine", []],
    ["UPDATE notes SET body = 'x' WHERE body = 'nothing like it'", []],
  ])("is fuzzy behind %s", async (sql, changedTables) => {
    const stub = await filledArchive();
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
    const stub = await filledArchive();
    const dumpId = await underWay(stub);
    await run(stub, "UPDATE files SET name = 'other' WHERE id = 6000");
    await abortAllDurableObjects();
    await inArchive(stub, (object) => object.fetch(forwardedTo("/dumps")));
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "fuzzy", changedTables: ["files"] });
  });

  it("is not fuzzy for what was rolled back", async () => {
    const stub = await filledArchive();
    const dumpId = await underWay(stub);
    await inArchive(stub, (_, { storage }) => {
      const write = () =>
        storage.transactionSync(() => {
          storage.sql.exec("DELETE FROM notes");
          throw new Error("no");
        });
      expect(write).toThrow("no");
    });
    expect(await finished(stub, dumpId)).toMatchObject({ consistency: "snapshot", changedTables: [] });
  });

  it("sees FTS5 tables change, and says of which virtual tables it cannot know", async () => {
    const stub = await filledArchive();
    await run(
      stub,
      "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE VIRTUAL TABLE quiet USING fts5(body); CREATE VIRTUAL TABLE words USING fts5vocab(docs, row); CREATE VIRTUAL TABLE places USING rtree(id, a, b); INSERT INTO docs VALUES ('one two'); INSERT INTO quiet VALUES ('three')",
    );
    const dumpId = await underWay(stub);
    await run(stub, "UPDATE docs SET body = 'two one'");
    const done = await finished(stub, dumpId);
    expect(done).toMatchObject({ consistency: "fuzzy", changedTables: ["docs"], unwatchedTables: ["places"] });
  });

  it("changes nothing of what the host's own statements tell it", async () => {
    const stub = await filledArchive();
    const dumpId = await underWay(stub);
    const told = await inArchive(stub, (_, { storage: { sql } }) => {
      const inserted = sql.exec("INSERT INTO files (name) VALUES ('a'), ('b') RETURNING id").toArray();
      const [row] = sql.exec("SELECT changes() AS changes, last_insert_rowid() AS last").toArray();
      return { inserted, row };
    });
    expect(told).toEqual({ inserted: [{ id: 6001 }, { id: 6002 }], row: { changes: 2, last: 6002 } });
    await finished(stub, dumpId);
  });

  it("that is cancelled leaves no trigger either", async () => {
    const stub = await filledArchive();
    const dumpId = await underWay(stub);
    await inArchive(stub, ({ exporter }) => exporter.delete(dumpId));
    expect(await leftovers(stub)).toEqual([]);
  });
});
