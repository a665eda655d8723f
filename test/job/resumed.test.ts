/** A job is planned anew in each of its slices: whatever happens to the object in between, its file is the undisturbed one, or it fails. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { objectKey, type ExportOptions, type JobOptions } from "../../src/api.ts";
import { fileOf, formatOf, warningsOf, type Wanted } from "../support/database.ts";
import { equal, options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";

/** 600 KB as SQL: some ten slices. */
function fill(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE b (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO a SELECT i, hex(randomblob(500)) FROM n;
    INSERT INTO b SELECT 'key ' || id, v FROM a WHERE id <= 290; CREATE VIEW va AS SELECT * FROM a; CREATE INDEX ib ON b(v)`);
}

const page = { rows: 50, bytes: 256 * 1024 };
const job = (wanted: Wanted, more: JobOptions = {}): ExportOptions & JobOptions => ({ ...options(wanted), ...more });

const wanteds: readonly Wanted[] = [
  {},
  { gzip: true },
  { compress: "zstd" },
  { format: "csv" },
  { format: "csv", tables: ["b"] },
  { format: "jsonl", gzip: true },
  { format: "csv", tables: ["b"], formatOptions: { nulls: "(nothing", blobs: "duckdb", int64: "string" } },
];

describe("a job goes on with the plan that it began with", () => {
  it.each(wanteds)("although the first put() of the object's life comes in the middle of it: %o", async (wanted) => {
    await withObject(async (state) => {
      fill(state.storage.sql);
      const undisturbed = fileOf(state.storage.sql, { ...wanted, page });
      const { status, bytes, slices } = await runSliced(state, job(wanted), async (slice) => {
        if (slice === 2) await state.storage.put("first", 1);
      });
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: [] });
      expect(slices).toBeGreaterThan(2);
      expect(equal(bytes, undisturbed)).toBe(true);
    });
  });

  it("also where the platform's table comes beside sqlite_sequence and sqlite_stat1", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      sql.exec("CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO c DEFAULT VALUES; ANALYZE");
      const undisturbed = fileOf(sql, { page });
      const { status, bytes } = await runSliced(state, job({}), async (slice) => {
        if (slice === 2) await state.storage.put("first", 1);
        sql.exec("ANALYZE"); // rows of sqlite_stat1 for the exporter's own tables
      });
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot" });
      expect(equal(bytes, undisturbed)).toBe(true);
    });
  });

  it("although a full-text index is no longer what its content gives", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      sql.exec(
        "CREATE VIRTUAL TABLE f USING fts5(v, content='a', content_rowid='id'); INSERT INTO f(f) VALUES ('rebuild')",
      );
      const wanted = { target: "d1" } as const;
      const undisturbed = fileOf(sql, { ...wanted, page });
      const asked = { ...job({}), formatOptions: wanted };
      const { status, bytes } = await runSliced(state, asked, (slice) => {
        if (slice === 2) sql.exec("UPDATE a SET v = 'other' WHERE id = 7");
      });
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: [] });
      expect(equal(bytes, undisturbed)).toBe(true);
    });
  });
});

describe("a job that has not begun to read", () => {
  const notes =
    "CREATE VIRTUAL TABLE f USING fts5(v, content='a', content_rowid='id'); INSERT INTO f(f) VALUES ('rebuild')";
  /** What it must say of what happened while it waited. */
  const happens = async ({ storage }: DurableObjectState) => {
    await storage.put("first", 1);
    storage.sql.exec("UPDATE a SET v = 'other' WHERE id = 7; CREATE TABLE later (x); INSERT INTO later VALUES (1)");
  };
  const warnings = (sql: SqlStorage) => warningsOf(sql, { target: "d1" });

  it("is of the moment at which it begins, after others in front of it: its warnings and its tables, too", async () => {
    for (const consistency of ["snapshot", "fuzzy"] as const) {
      await withObject(async (state) => {
        const { sql } = state.storage;
        fill(sql);
        sql.exec(notes);
        const first = await sliceBySlice(state).start(job({}));
        const asked = { ...job({}), consistency, formatOptions: { target: "d1" } };
        const { status, bytes } = await runSliced(state, asked, async (slice) => {
          if (slice === 1) await sliceBySlice(state).delete(first.dumpId);
          if (slice === 0) await happens(state);
        });
        expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: warnings(sql) });
        expect(status.warnings).toHaveLength(2);
        expect(equal(bytes, fileOf(sql, { target: "d1", page }))).toBe(true);
      });
    }
  });

  it("is of that moment also where its upload was lost", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      sql.exec(notes);
      const asked = { ...job({}), formatOptions: { target: "d1" } };
      const { status, bytes } = await runSliced(state, asked, async (slice, dumpId) => {
        sql.exec("UPDATE _durable_export_jobs SET job = json_set(job, '$.wakeMs', 0)"); // no waiting between two tries
        if (slice !== 2) return;
        const query = "SELECT json_extract(job, '$.uploadId') AS upload FROM _durable_export_jobs";
        const { upload } = sql.exec<{ upload: string }>(query).one();
        await env.EXPORTS.resumeMultipartUpload(objectKey(state.id.toString(), dumpId), upload).abort();
        await state.storage.put("first", 1);
        sql.exec("UPDATE a SET v = 'other' WHERE id = 7");
      });
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: warnings(sql) });
      expect(status.warnings).toHaveLength(2);
      expect(equal(bytes, fileOf(sql, { target: "d1", page }))).toBe(true);
    });
  });

  it("is of that moment also where something happens while its upload is made", async () => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      sql.exec(notes);
      let calls = 0;
      const bucket = new Proxy(env.EXPORTS, {
        get: (target, name) =>
          name === "createMultipartUpload"
            ? async (key: string, given?: R2MultipartOptions) => {
                if (calls++ === 0) await happens(state);
                return target.createMultipartUpload(key, given);
              }
            : memberOf(target, name),
      });
      const asked = { ...job({}), consistency: "fuzzy", formatOptions: { target: "d1" } } as const;
      const exporter = () => sliceBySlice(state, { bucket });
      const { status, bytes } = await runSliced(state, asked, () => {}, exporter);
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot", warnings: warnings(sql) });
      expect(calls).toBe(2);
      expect(equal(bytes, fileOf(sql, { target: "d1", page }))).toBe(true);
    });
  });
});

function memberOf(target: R2Bucket, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}

describe("a deploy in the middle of a job", () => {
  const csv = formatOf("csv");
  const deploys = {
    "another version of the exporter": (state: DurableObjectState) => {
      state.storage.sql.exec("UPDATE _durable_export_jobs SET job = json_set(job, '$.encoding.version', 0)");
      return sliceBySlice(state);
    },
    "a format of another version": (state: DurableObjectState) =>
      sliceBySlice(state, { formats: [formatOf("sql"), { ...csv, version: 2 }] }),
    "a format with other text": (state: DurableObjectState) =>
      sliceBySlice(state, { formats: [formatOf("sql"), { ...csv, extension: ".txt" }] }),
    "another format for the schema in an archive": (state: DurableObjectState) =>
      sliceBySlice(state, { formats: [{ ...formatOf("sql"), extension: ".ddl" }, csv] }),
  };

  it.each(Object.entries(deploys))("begins it again, and says so: %s", async (_, deploy) => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql);
      let deployed = sliceBySlice(state);
      const { status, bytes } = await runSliced(
        state,
        job({ format: "csv" }),
        (slice) => {
          if (slice !== 3) return;
          deployed = deploy(state);
          sql.exec("UPDATE b SET v = 'later' WHERE k = 'key 1'");
        },
        () => deployed,
      );
      expect(status).toMatchObject({ status: "complete", consistency: "snapshot" });
      expect(status.warnings).toEqual([
        "The Worker's code changed while the job ran; it began again with the new one, and with the database as it was then",
      ]);
      const format = deployed.formats.find(({ name }) => name === "csv") ?? csv;
      expect(equal(bytes, fileOf(sql, { format, page, offered: deployed.formats }))).toBe(true);
    });
  });

  it("fails it at once where its format is gone, or where no two slices are planned alike", async () => {
    await withObject(async (state) => {
      fill(state.storage.sql);
      let deployed = sliceBySlice(state);
      const gone = await runSliced(
        state,
        job({ format: "csv" }),
        (slice) => void (slice === 2 && (deployed = sliceBySlice(state, { formats: [formatOf("sql")] }))),
        () => deployed,
      );
      expect(gone.status.error).toMatchObject({
        code: "plan_changed",
        message: expect.stringContaining('no format "csv"'),
      });
      expect(gone.slices).toBe(2);
      let count = 0;
      const restless = {
        ...csv,
        get mediaType() {
          return `text/csv; n=${count++}`;
        },
      };
      const without = await runSliced(
        state,
        job({ format: restless, tables: ["a"] }),
        () => {},
        () => sliceBySlice(state, { formats: [restless] }),
      );
      expect(without.status.error?.code).toBe("plan_changed");
      expect(state.storage.sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").toArray()).toEqual([]);
    });
  });
});
