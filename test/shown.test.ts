/** Full-text tables that show what others hold: where such a table is too large to be copied for a snapshot, its rows change when those do. */
import { describe, expect, it } from "vitest";
import { fileOf, type Wanted } from "./database.ts";
import { equal, options } from "./jobs.ts";
import { runSliced, sliceBySlice, withObject } from "./slices.ts";

const numbers = (rows: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
/** Beyond what is copied, by its bytes; `extra` is in no index. */
const notes = `CREATE TABLE c (id INTEGER PRIMARY KEY, title TEXT, extra TEXT); ${numbers(3000)} INSERT INTO c SELECT i, 'word' || i, hex(randomblob(1000)) FROM n;`;
const index = (content: string) =>
  `CREATE VIRTUAL TABLE f USING fts5 (title, extra UNINDEXED, content = '${content}', content_rowid = 'id'); INSERT INTO f(f) VALUES ('rebuild');`;
/** Beyond what is copied, by its rows. */
const words = `CREATE VIRTUAL TABLE g USING fts5 (a); ${numbers(7)} INSERT INTO g SELECT (SELECT group_concat('x' || (n.i * 10000 + m.i), ' ') FROM (${numbers(10_000)} SELECT i FROM n) m) FROM n;`;

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
} as const;

const page = { rows: 8192, bytes: 256 * 1024 };

describe.each(Object.entries(cases))("%s", (_, [make, name, change, isSeen]) => {
  it.each([
    { consistency: "snapshot", all: true },
    { consistency: "fuzzy", all: true },
    { consistency: "snapshot", all: false },
    { consistency: "fuzzy", all: false },
  ] as const)("is named if it changes in the middle of a job: %o", async ({ consistency, all }) => {
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
  });
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
