/** A table that goes and comes back under its own name is another one, whatever its text and its line in sqlite_schema are. */
import { describe, expect, it } from "vitest";
import { fileOf } from "../support/database.ts";
import { equal, options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";

const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO";

/** Each makes tables whose last one is `t`, and then does to it what leaves the same schema, or nearly. */
const cases: Readonly<Record<string, { readonly make: string; readonly change: readonly string[] }>> = {
  "dropped and made anew": {
    make: `CREATE TABLE t (id INTEGER PRIMARY KEY, v); ${rows} t SELECT i, 'old ' || hex(randomblob(400)) FROM n`,
    change: [`DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v); ${rows} t SELECT i, 'new' FROM n`],
  },
  "dropped, and made anew in another turn": {
    make: `CREATE TABLE t (id INTEGER PRIMARY KEY, v); ${rows} t SELECT i, 'old ' || hex(randomblob(400)) FROM n`,
    change: ["DROP TABLE t", `CREATE TABLE t (id INTEGER PRIMARY KEY, v); ${rows} t SELECT i, 'new' FROM n`],
  },
  "made anew without rowid": {
    make: `CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID; ${rows} t SELECT i, 'old ' || hex(randomblob(400)) FROM n`,
    change: [`DROP TABLE t; CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID; ${rows} t SELECT i, 'new' FROM n`],
  },
  "all tables made anew": {
    make: `CREATE TABLE s (v); CREATE TABLE t (v); ${rows} t SELECT 'old ' || hex(randomblob(400)) FROM n`,
    change: [`DROP TABLE s; DROP TABLE t; CREATE TABLE s (v); CREATE TABLE t (v); ${rows} t SELECT 'new' FROM n`],
  },
  "the usual migration, there and back": {
    make: `CREATE TABLE "t" (v); ${rows} t SELECT 'old ' || hex(randomblob(400)) FROM n`,
    change: [
      'CREATE TABLE new_t (v); INSERT INTO new_t SELECT v FROM t; DROP TABLE t; ALTER TABLE new_t RENAME TO "t"',
      'CREATE TABLE new_t (v); INSERT INTO new_t SELECT upper(v) FROM t; DROP TABLE t; ALTER TABLE new_t RENAME TO "t"',
    ],
  },
  "swapped with another table for one slice": {
    make: `CREATE TABLE "other" (v); ${rows} other SELECT 'other ' || hex(randomblob(400)) FROM n; CREATE TABLE "t" (v); ${rows} t SELECT 'old ' || hex(randomblob(400)) FROM n`,
    change: [
      "ALTER TABLE t RENAME TO tmp; ALTER TABLE other RENAME TO t; ALTER TABLE tmp RENAME TO other",
      "ALTER TABLE t RENAME TO tmp; ALTER TABLE other RENAME TO t; ALTER TABLE tmp RENAME TO other",
    ],
  },
  "full text made anew": {
    make: `CREATE VIRTUAL TABLE t USING fts5(v); ${rows} t SELECT 'old ' || hex(randomblob(400)) FROM n`,
    change: [`DROP TABLE t; CREATE VIRTUAL TABLE t USING fts5(v); ${rows} t SELECT 'new' FROM n`],
  },
  "an R-Tree made anew": {
    make: `CREATE VIRTUAL TABLE t USING rtree(id, x0, x1, +v); ${rows} t SELECT i, i, i, 'old ' || hex(randomblob(400)) FROM n`,
    change: [
      `DROP TABLE t; CREATE VIRTUAL TABLE t USING rtree(id, x0, x1, +v); ${rows} t SELECT i, i, i, 'new' FROM n`,
    ],
  },
};

const wanteds = [
  { format: "sql", consistency: "snapshot", tables: null },
  { format: "csv", consistency: "fuzzy", tables: ["t"] },
  { format: "jsonl", consistency: "fuzzy", tables: null },
  { format: "csv", consistency: "snapshot", tables: ["t"] },
] as const;

/**
 * A change of a case; with `keepTriggers` the triggers of its table come back, word for word, as SQLite's own recipe for changing a table has it
 * (https://sqlite.org/lang_altertable.html#otheralter).
 */
function apply(sql: SqlStorage, change: string | undefined, keepTriggers: boolean): void {
  if (change === undefined) return;
  const query = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 't' ORDER BY rowid";
  const triggers = keepTriggers ? sql.exec<{ name: string; sql: string }>(query).toArray() : [];
  sql.exec(change);
  const isThere = (name: string) => sql.exec("SELECT 1 FROM sqlite_schema WHERE name = ?", name).toArray().length > 0;
  if (isThere("t")) for (const trigger of triggers) if (!isThere(trigger.name)) sql.exec(trigger.sql);
}

describe("a job over a table that comes back as another one", () => {
  describe.each(Object.entries(cases))("%s", (_, { make, change }) => {
    it.each(wanteds.flatMap((wanted) => [false, true].map((keepTriggers) => ({ ...wanted, keepTriggers }))))(
      "fails: %o",
      async ({ format, consistency, tables, keepTriggers }) => {
        await withObject(async (state) => {
          const { sql } = state.storage;
          // a first job makes the exporter's tables, so that those of the host come behind them
          sql.exec("CREATE TABLE first (a)");
          const first = await runSliced(state, { consistency }, () => {});
          expect(first.status.status).toBe("complete");
          sql.exec(make);
          const undisturbed = fileOf(sql, {
            format,
            ...(tables !== null && { tables }),
            page: { rows: 50, bytes: 262144 },
          });
          const asked = { ...options({ format, ...(tables !== null && { tables }) }), consistency };
          const { status, bytes } = await runSliced(state, asked, (slice) => {
            if (slice > 0) apply(sql, change[slice - 1], keepTriggers);
          });
          if (status.status === "failed") expect(status.error?.code).toBe("schema_changed");
          else expect(equal(bytes, undisturbed)).toBe(true); // swapped and put back between two pages
        });
      },
    );
  });

  it("fails if a trigger of the host's is made anew: it runs in front of the log's then, which would take new rows for old ones", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      await runSliced(state, {}, () => {});
      // called as its table, as triggers may be
      const trigger = "CREATE TRIGGER t AFTER INSERT ON t BEGIN UPDATE t SET v = upper(v) WHERE id = NEW.id; END";
      sql.exec(`${cases["dropped and made anew"]?.make}; ${trigger}`);
      const { status } = await runSliced(state, {}, (slice) => {
        if (slice === 1) sql.exec(`DROP TRIGGER IF EXISTS t; ${trigger}; INSERT INTO t (v) VALUES ('later')`);
      });
      expect(status.error?.code).toBe("schema_changed");
    });
  });

  it("begins again where that is wanted, once", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      sql.exec(cases["dropped and made anew"]?.make ?? "");
      const { status } = await runSliced(state, { onSchemaChange: "restart", consistency: "fuzzy" }, (slice) => {
        if (slice === 1) sql.exec(cases["dropped and made anew"]?.change[0] ?? "");
      });
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", result: { rows: { t: 300 } } });
      expect(status.warnings).toEqual(["The schema changed while the job ran; it began again with the new one"]);
    });
  });

  it("fails, or begins again, where only a trigger of the exporter's was dropped", async () => {
    for (const onSchemaChange of ["fail", "restart"] as const) {
      for (const consistency of ["snapshot", "fuzzy"] as const) {
        await withObject(async (state) => {
          const { sql } = state.storage;
          sql.exec(cases["dropped and made anew"]?.make ?? "");
          const { status } = await runSliced(state, { onSchemaChange, consistency }, (slice) => {
            if (slice !== 1) return;
            const query =
              "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%UPDATE' OR name LIKE '%bu'";
            const [trigger] = sql.exec<{ name: string; sql: string }>(query).toArray();
            sql.exec(`DROP TRIGGER "${trigger?.name}"; UPDATE t SET v = 'unseen'; ${trigger?.sql}`);
          });
          if (onSchemaChange === "fail") expect(status.error?.code).toBe("schema_changed");
          else expect(status).toMatchObject({ status: "complete", consistency: "snapshot" });
        });
      }
    }
  });
});

describe("a download over a table that comes back as another one", () => {
  it.each(Object.entries(cases))("is cut: %s", async (_, { make, change }) => {
    for (const keepTriggers of [false, true]) {
      await withObject(async (state) => {
        const { sql } = state.storage;
        await runSliced(state, {}, () => {});
        sql.exec(make);
        const wanted = { format: "csv", tables: ["t"] } as const;
        const undisturbed = fileOf(sql, { ...wanted, page: { rows: 50, bytes: 262144 } });
        const reader = sliceBySlice(state).dump(options(wanted)).body.getReader();
        const bytes: Uint8Array[] = [];
        const read = async () => {
          for (let turn = 0; ; turn++) {
            const { done, value } = await reader.read();
            if (done) return "whole";
            bytes.push(value);
            apply(sql, change[turn], keepTriggers);
          }
        };
        const outcome = await read().catch((error: Error & { code?: string }) => error.code);
        if (outcome === "whole") expect(equal(Buffer.concat(bytes), undisturbed)).toBe(true);
        else expect(outcome).toBe("schema_changed");
      });
    }
  });
});
