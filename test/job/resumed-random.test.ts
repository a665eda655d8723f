/** Random things happen between the slices of a job: its file is the undisturbed one, byte for byte, or it says that it failed, and why. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { fileOf, type Wanted } from "../support/database.ts";
import { equal, options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";
import { byThoroughness } from "../support/thorough.ts";

const page = { rows: 50, bytes: 256 * 1024 };

type Event = (state: DurableObjectState) => void | Promise<unknown>;
const sql =
  (text: string): Event =>
  ({ storage }) => {
    try {
      storage.sql.exec(text).toArray();
    } catch {
      // what is to be dropped may be gone, and what is to be made may be there
    }
  };

/** What a host does every day: no job may fail of it. */
const harmless: Readonly<Record<string, Event>> = {
  "put()": ({ storage }) => storage.put("key", "value"),
  "kv.put()": ({ storage }) => storage.kv.put("other", 1),
  "delete of all keys": async ({ storage }) => storage.delete([...(await storage.list()).keys()]),
  "setAlarm()": ({ storage }) => storage.setAlarm(Date.now() + 3_600_000),
  "deleteAlarm()": ({ storage }) => storage.deleteAlarm(),
  "another job": (state) => sliceBySlice(state).start({ ...options({ format: "csv" }), consistency: "fuzzy" }),
  "the end of another job": async (state) => {
    const exporter = sliceBySlice(state);
    for (const { dumpId, status } of exporter.list()) if (status === "queued") await exporter.delete(dumpId);
  },
  "a download": async (state) => {
    await new Response(sliceBySlice(state).dump(options({ format: "jsonl" })).body).arrayBuffer();
  },
  "a download that is left": async (state) => {
    const reader = sliceBySlice(state).dump(options({})).body.getReader();
    await reader.read();
    await reader.cancel();
  },
  "a download that goes on": async (state) => {
    await sliceBySlice(state).dump(options({})).body.getReader().read();
  },
  "changed rows": sql("UPDATE a SET v = 'changed ' || id WHERE id % 7 = 0; DELETE FROM b WHERE k LIKE '%9'"),
  "new rows": sql("INSERT OR REPLACE INTO a SELECT id + 150, 'new' FROM a; INSERT INTO s DEFAULT VALUES"),
  "changed full text": sql("UPDATE f SET t = 'three four' WHERE rowid = 1; INSERT INTO f VALUES ('five')"),
  "ANALYZE again": sql("ANALYZE"),
  "PRAGMA optimize": sql("PRAGMA optimize"),
};

/** What may change what the job stands on: it goes on if it does not, and fails if it does. */
const harmful: Readonly<Record<string, Event>> = {
  "a new table": sql("CREATE TABLE late (x)"),
  "no new table": sql("DROP TABLE late"),
  "a new view": sql("CREATE VIEW vlate AS SELECT 1"),
  "no new view": sql("DROP VIEW vlate"),
  "a new index": sql("CREATE INDEX ilate ON a(v)"),
  "no new index": sql("DROP INDEX ilate"),
  "a view made anew": sql("DROP VIEW va; CREATE VIEW va AS SELECT * FROM a"),
  "an index made anew": sql("DROP INDEX ib; CREATE INDEX ib ON b(v)"),
  "a table made anew": sql("DROP TABLE z; CREATE TABLE z (x)"),
  "a table made anew, with rows": sql("DROP TABLE z; CREATE TABLE z (x); INSERT INTO z SELECT hex(id) FROM a"),
  "all tables made anew": sql(
    "DROP VIEW va; DROP TABLE a; DROP TABLE b; DROP TABLE z; CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE b (k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE VIEW va AS SELECT * FROM a; CREATE INDEX ib ON b(v); CREATE TABLE z (x)",
  ),
  "two tables swapped": sql("ALTER TABLE y RENAME TO tmp; ALTER TABLE z RENAME TO y; ALTER TABLE tmp RENAME TO z"),
  "a migration": sql(
    "CREATE TABLE new_z (x); INSERT INTO new_z SELECT x FROM z; DROP TABLE z; ALTER TABLE new_z RENAME TO z",
  ),
  "full text made anew": sql("DROP TABLE f; CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES ('six')"),
  "an R-Tree made anew": sql("DROP TABLE r; CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)"),
  "no trigger of the exporter's": ({ storage }) => {
    const query =
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '\\_durable\\_export%' ESCAPE '\\' LIMIT 1";
    for (const { name } of storage.sql.exec<{ name: string }>(query)) storage.sql.exec(`DROP TRIGGER "${name}"`);
  },
  "first statistics": sql("ANALYZE"),
};

function fill(storage: SqlStorage, hasStatistics: boolean): void {
  storage.exec(`CREATE TABLE y (x); CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE b (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO s VALUES (7); CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO f VALUES ('one two');
    CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 2, 3);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO a SELECT i, hex(randomblob(500)) FROM n;
    INSERT INTO b SELECT 'key ' || id, v FROM a WHERE id <= 100; CREATE VIEW va AS SELECT * FROM a; CREATE INDEX ib ON b(v);
    CREATE TABLE z (x); INSERT INTO z SELECT v FROM a WHERE id > 200; INSERT INTO y SELECT v FROM a WHERE id > 250`);
  if (hasStatistics) storage.exec("ANALYZE");
}

const wanteds: readonly Wanted[] = [
  {},
  { gzip: true },
  { compress: "zstd" },
  { formatOptions: { target: "d1" } },
  { format: "csv" },
  { format: "jsonl", tables: ["z"] },
  { format: "csv", tables: ["a", "z"] },
];
const everyday = fc.constantFrom(...Object.keys(harmless));
const anything = fc.constantFrom(...Object.keys(harmless), ...Object.keys(harmful));

/** True once a job goes by what it has read. */
function hasBegun(storage: SqlStorage): boolean {
  const query = "SELECT job ->> '$.seal' AS seal FROM _durable_export_jobs ORDER BY started LIMIT 1";
  return storage.exec<{ seal: string | null }>(query).toArray()[0]?.seal != null;
}

/** Lets events happen; gives the status, and whether the file is the undisturbed one. */
function run(wanted: Wanted, consistency: "snapshot" | "fuzzy", events: readonly (readonly [number, string])[]) {
  return withObject(async (state) => {
    fill(state.storage.sql, true);
    const file = () => {
      try {
        return fileOf(state.storage.sql, { ...wanted, page });
      } catch {
        return new Uint8Array(); // a table that is wanted is gone: the job fails
      }
    };
    let undisturbed = file();
    const asked = { ...options(wanted), formatOptions: wanted.formatOptions ?? {}, consistency };
    const { status, bytes } = await runSliced(state, asked, async (slice) => {
      for (const [at, what] of events) if (at === slice) await (harmless[what] ?? harmful[what])?.(state);
      if (!hasBegun(state.storage.sql)) undisturbed = file(); // it is planned anew until then
    });
    return { status, isSame: equal(bytes, undisturbed) };
  });
}

const seldom = { numRuns: byThoroughness(10, 30), seed: 13 };

it("everyday events change nothing of a file", async () => {
  const events = fc.array(fc.tuple(fc.nat(8), everyday), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...wanteds), events, async (wanted, list) => {
      const { status, isSame } = await run(wanted, "snapshot", list);
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: [] });
      expect(isSame).toBe(true);
    }),
    seldom,
  );
}, 180_000);

it("anything else changes nothing of it, or fails the job, or is named", async () => {
  const events = fc.array(fc.tuple(fc.nat(6), anything), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...wanteds),
      fc.constantFrom("snapshot", "fuzzy"),
      events,
      async (wanted, consistency, list) => {
        const { status, isSame } = await run(wanted, consistency, list);
        if (status.status === "failed") expect(status.error?.code).toBe("schema_changed");
        else if (status.consistency === "snapshot") expect(isSame).toBe(true);
        else expect([consistency, status.changedTables?.length ?? 0]).toEqual(["fuzzy", expect.any(Number)]);
      },
    ),
    { ...seldom, numRuns: byThoroughness(20, 60) },
  );
}, 180_000);
