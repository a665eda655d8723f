/** A table that SQLite cannot read is told by its name, at once, on every way there is, and holds up nobody else. */
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { formatOf, type Wanted } from "../support/database.ts";
import { options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";

const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)";

/** Each makes a table `bad` that cannot be read. */
const cases: Readonly<Record<string, string>> = {
  "FTS5 over a table that lacks a column":
    "CREATE TABLE c (id INTEGER PRIMARY KEY, a); INSERT INTO c VALUES (1, 'x'); CREATE VIRTUAL TABLE bad USING fts5(a, b, content='c', content_rowid='id')",
  "FTS5 over a column that was renamed":
    "CREATE TABLE c (a); INSERT INTO c VALUES ('x'); CREATE VIRTUAL TABLE bad USING fts5(a, content='c'); INSERT INTO bad(bad) VALUES ('rebuild'); ALTER TABLE c RENAME COLUMN a TO b",
  "FTS5 over a table that is gone":
    "CREATE TABLE c (a); CREATE VIRTUAL TABLE bad USING fts5(a, content='c'); DROP TABLE c",
  "FTS5 over a view that fails":
    "CREATE TABLE c (a); CREATE VIEW v AS SELECT a, rowid FROM c; CREATE VIRTUAL TABLE bad USING fts5(a, content='v'); DROP TABLE c",
  "the words of an index that is gone":
    "CREATE VIRTUAL TABLE f USING fts5(a); CREATE VIRTUAL TABLE bad USING fts5vocab('f', 'row'); DROP TABLE f",
  "the words of an index that never was": "CREATE VIRTUAL TABLE bad USING fts5vocab('nothing', 'col')",
  "a generated column that fails in the first row":
    "CREATE TABLE bad (a); INSERT INTO bad VALUES ('no json'); ALTER TABLE bad ADD COLUMN b AS (json_extract(a, '$.x'))",
  "a generated column that fails in a later row": `CREATE TABLE bad (a); ${rows} INSERT INTO bad SELECT iif(i = 290, 'no json', json_object('x', hex(randomblob(400)))) FROM n; ALTER TABLE bad ADD COLUMN b AS (json_extract(a, '$.x'))`,
};

const good = `CREATE TABLE good (v); ${rows} INSERT INTO good SELECT hex(randomblob(500)) FROM n`;

const wanteds: readonly (Wanted & { consistency: "snapshot" | "fuzzy" })[] = (["sql", "csv", "jsonl"] as const).flatMap(
  (format) => (["snapshot", "fuzzy"] as const).map((consistency) => ({ format, consistency })),
);
const d1 = { format: "sql", formatOptions: { target: "d1" }, consistency: "snapshot" } as const;

/** How it ended: whole, or with an error that names the table. */
async function outcomeOf(use: () => Promise<unknown>): Promise<string> {
  try {
    await use();
    return "whole";
  } catch (error) {
    return namedBy(error);
  }
}

function namedBy(error: unknown): string {
  const { code, message } = { code: "", message: "", ...(typeof error === "object" && error) };
  const text = error instanceof Error ? error.message : message;
  return code === "data_unreadable" && text.includes('"bad"') ? "named" : `${code}: ${text}`;
}

it("a format that throws where it lays a file out is told at once", async () => {
  await withObject(async (state) => {
    state.storage.sql.exec("CREATE TABLE bad (a)");
    const refusing = {
      ...formatOf("csv"),
      segments: () => {
        throw new TypeError('Cannot hold "bad"');
      },
    };
    const exporter = sliceBySlice(state, { formats: [refusing] });
    expect(await outcomeOf(() => exporter.start())).toBe("named");
    expect(await outcomeOf(async () => exporter.dump())).toBe("named");
  });
});

describe.each(Object.entries(cases))("%s", (_, make) => {
  it.each([...wanteds, d1])("is whole or named: %o", async (wanted) => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      sql.exec(good);
      sql.exec(make);
      const asked = { ...options(wanted), formatOptions: wanted.formatOptions ?? {}, consistency: wanted.consistency };
      // a download, and one of the table alone
      const read = (more: object) =>
        outcomeOf(() => new Response(sliceBySlice(state).dump({ ...asked, ...more }).body).arrayBuffer());
      const download = await read({});
      expect(download).toMatch(/^(whole|named)$/);
      if (wanted.format !== "sql") expect([download, await read({ tables: ["bad"] })]).toEqual(["named", "named"]);
      expect(await read({ exclude: ["bad"] })).toBe("whole");
      // the first job, at once or in its first slices
      const job = async () => {
        const { status, slices } = await runSliced(state, asked, () => {});
        if (status.status === "complete") return "whole";
        expect(slices).toBeLessThan(20);
        return namedBy(status.error);
      };
      let first = "";
      const refused = await outcomeOf(async () => (first = await job()));
      expect(refused === "whole" ? first : refused).toBe(download);
      // and one that waits
      const exporter = sliceBySlice(state);
      const before = await exporter.start({ ...options({ exclude: ["bad"] }) });
      const waiting = await exporter.start(asked);
      const behind = await exporter.start({ ...options({ exclude: ["bad"] }) });
      for (let turn = 0; exporter.status(behind.dumpId).finishedAt === null; turn++) {
        expect(turn).toBeLessThan(100);
        await sliceBySlice(state).alarm();
      }
      expect(exporter.status(before.dumpId).status).toBe("complete");
      expect(exporter.status(behind.dumpId).status).toBe("complete");
      const { status, error } = exporter.status(waiting.dumpId);
      expect(status === "complete" ? "whole" : namedBy(error)).toBe(download);
      expect(sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").toArray()).toEqual([]);
    });
  });
});

it("HTTP tells it as well", async () => {
  const send = (path: string, init: RequestInit = {}) =>
    exports.default.fetch(`https://export.example${path}`, {
      ...init,
      headers: { Authorization: "Bearer test-token" },
    });
  const sql = cases["FTS5 over a table that lacks a column"];
  await send("/query?database=unreadable", { method: "POST", body: JSON.stringify({ sql }) });
  for (const method of ["GET", "POST"]) {
    for (const consistency of ["snapshot", "fuzzy"]) {
      const response = await send(`/export/dump?format=csv&database=unreadable&consistency=${consistency}`, { method });
      if (method === "POST" && consistency === "fuzzy") expect(response.status).toBe(202); // the job tells it
      else
        expect([response.status, await response.json()]).toMatchObject([
          500,
          { code: "data_unreadable", detail: expect.stringContaining('"bad"') },
        ]);
    }
  }
});
