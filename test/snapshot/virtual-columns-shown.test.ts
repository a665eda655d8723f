/**
 * Virtual tables that are too large to be copied for a snapshot: full-text tables that show what others hold change when those do, and R-Trees
 * can have no triggers.
 */
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { csv } from "../../formats/index.ts";
import type { Dump } from "../../src/api.ts";
import { Exporter } from "../../src/exporter.ts";
import { fileOf, type Wanted } from "../support/database.ts";
import { equal, options } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";
import { byThoroughness } from "../support/thorough.ts";

const numbers = (rows: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
/** Beyond what is copied, by its bytes; `extra` is in no index. */
const notes = `CREATE TABLE c (id INTEGER PRIMARY KEY, title TEXT, extra TEXT); ${numbers(3000)} INSERT INTO c SELECT i, 'word' || i, hex(randomblob(1000)) FROM n;`;
const index = (content: string) =>
  `CREATE VIRTUAL TABLE f USING fts5 (title, extra UNINDEXED, content = '${content}', content_rowid = 'id'); INSERT INTO f(f) VALUES ('rebuild');`;
/** Beyond what is copied, by its rows. */
const words = `CREATE VIRTUAL TABLE g USING fts5 (a); ${numbers(7)} INSERT INTO g SELECT (SELECT group_concat('x' || (n.i * 10000 + m.i), ' ') FROM (${numbers(10_000)} SELECT i FROM n) m) FROM n;`;

/** Beyond what is copied, with a column beside the coordinates. */
const places = `CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +name); ${numbers(9000)} INSERT INTO r SELECT i, i, i, hex(randomblob(400)) FROM n;`;

/** What makes a table, its name, what changes its rows, and whether it can be seen that it does. */
const cases = {
  "external content, a column that is in no index": [notes + index("c"), "f", "UPDATE c SET extra = 'NEW'", true],
  "external content of a view": [
    `${notes} CREATE VIEW w AS SELECT * FROM c; ${index("w")}`,
    "f",
    "UPDATE c SET extra = 'NEW'",
    false,
  ],
  "a vocabulary": [
    `${words} CREATE VIRTUAL TABLE v USING fts5vocab ('g', instance);`,
    "v",
    "DELETE FROM g WHERE rowid = 1",
    true,
  ],
  "an R-Tree that moves": [places, "r", "UPDATE r SET x1 = x1 + 1 WHERE id = 8500", true],
  "an R-Tree whose other column changes": [places, "r", "UPDATE r SET name = 'NEW' WHERE id = 8500", true],
} as const;

const ways = [
  { consistency: "snapshot", all: true },
  { consistency: "fuzzy", all: false },
  { consistency: "fuzzy", all: true },
  { consistency: "snapshot", all: false },
] as const;

const page = { rows: 8192, bytes: 256 * 1024 };

describe.each(Object.entries(cases))("%s", (_, [make, name, change, isSeen]) => {
  it.each(byThoroughness(ways.slice(0, 2), [...ways]))(
    "is named if it changes in the middle of a job: %o",
    async ({ consistency, all }) => {
      for (const statement of ["SELECT 1", change]) {
        await withObject(async (state) => {
          const { sql } = state.storage;
          sql.exec(make);
          const wanted: Wanted = { format: "csv", ...(!all && { tables: [name] }), page };
          const undisturbed = fileOf(sql, wanted);
          const asked = { ...options(wanted), consistency };
          const between = (slice: number) => void (slice === 2 && sql.exec(statement));
          const { status, bytes } = await runSliced(state, asked, between, () => sliceBySlice(state, { page }));
          expect(status.status).toBe("complete");
          if (statement === "SELECT 1") expect(equal(bytes, undisturbed)).toBe(true);
          const isWhole = statement === "SELECT 1" && isSeen;
          expect(status.consistency).toBe(isWhole ? "snapshot" : "fuzzy");
          const named = [...(status.changedTables ?? []), ...(status.unwatchedTables ?? [])];
          if (!isWhole) expect(named).toContain(name);
        });
      }
    },
  );
});

it("is a snapshot as ever where only the index itself is exported, as in SQL", async () => {
  await withObject(async (state) => {
    const { sql } = state.storage;
    sql.exec(notes + index("c"));
    const undisturbed = fileOf(sql, { page });
    const { status, bytes } = await runSliced(
      state,
      {},
      (slice) => void (slice === 2 && sql.exec("UPDATE c SET extra = 'NEW'")),
      () => sliceBySlice(state, { page }),
    );
    expect(status).toMatchObject({ status: "complete", consistency: "snapshot" });
    expect(equal(bytes, undisturbed)).toBe(true);
  });
});

describe("a direct download", () => {
  const readAll = async ({ body }: Dump, between: () => void) => {
    const reader = body.getReader();
    const chunks: Uint8Array[] = [];
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (value !== undefined) chunks.push(value);
      if (chunks.length === 1) between();
    }
    return chunks;
  };

  it.each(["SELECT 1", "UPDATE r SET name = 'NEW'", "UPDATE r SET x1 = x1 + 1"])(
    "of an R-Tree that is too large to be copied is cut if that changes: %s",
    async (statement) => {
      await withObject(async (state) => {
        const { sql } = state.storage;
        sql.exec(places);
        const undisturbed = fileOf(sql, { format: "csv" });
        const read = readAll(new Exporter(state).dump({ format: csv }), () => void sql.exec(statement));
        if (statement === "SELECT 1") expect(equal(concatBytes(await read), undisturbed)).toBe(true);
        else await expect(read).rejects.toMatchObject({ code: "snapshot_too_old" });
      });
    },
  );

  it("is refused where it could not be seen that a table changes, and says what can be done", async () => {
    await withObject(async (state) => {
      state.storage.sql.exec(`${notes} CREATE VIEW w AS SELECT * FROM c; ${index("w")}`);
      const exporter = new Exporter(state);
      await expect(readAll(exporter.dump({ format: csv }), () => {})).rejects.toMatchObject({
        code: "snapshot_too_old",
        message: expect.stringMatching(/"f".*POST.*exclude=.*consistency=fuzzy/),
      });
      expect((await readAll(exporter.dump({ format: csv, exclude: ["f"] }), () => {})).length).toBeGreaterThan(1);
      expect((await readAll(exporter.dump({ format: csv, consistency: "fuzzy" }), () => {})).length).toBeGreaterThan(1);
    });
  });
});
