/** Every database of the corpus, dumped through a real object, restored by other SQLites, and compared cell by cell. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareDatabases } from "../../scripts/lib/compare.ts";
import { query } from "../../scripts/lib/database.ts";
import { restore } from "../../scripts/lib/restore.ts";
import { fileReader, tablesOf, type Reader } from "../../scripts/lib/rows.ts";
import { startServer, type Server } from "../../scripts/lib/server.ts";
import { corpus, type Case } from "../fixtures/corpus.ts";
import { bytesOf, has, run } from "./support.ts";

let server: Server;
const folder = mkdtempSync(join(tmpdir(), "durable-export-corpus-"));

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What is kept of a schema besides the rows of its tables; statistics of one release are not those of another. */
const schemaQuery =
  "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_miniflare%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name";
const sequenceQuery = "SELECT name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence ORDER BY name, seq";

async function expectEqual({ queries = [], sql }: Case, object: Reader, copy: Reader): Promise<void> {
  expect(await copy(schemaQuery)).toEqual(await object(schemaQuery));
  for (const table of await tablesOf(object)) {
    if (/fts5vocab/i.test(sql.join()) && table.name === "words") continue; // compared by a query of its own
    if (/content = ''/.test(sql.join()) && table.name === "f") continue; // has no rows to read
    expect((await compareDatabases(table, object, copy)).difference, table.name).toBeNull();
  }
  if (/autoincrement/i.test(sql.join())) expect(await copy(sequenceQuery)).toEqual(await object(sequenceQuery));
  if (/analyze/i.test(sql.join())) {
    const statistics = "SELECT * FROM sqlite_stat1 ORDER BY 1, 2";
    expect(await copy(statistics)).toEqual(await object(statistics));
  }
  for (const one of queries) expect(await copy(one)).toEqual(await object(one));
  if (sql.join().includes("fts5 (")) {
    const [name = ""] = (await tablesOf(object))
      .map((table) => table.name)
      .filter((table) => /f/.test(table) && !/_/.test(table));
    const quoted = `"${name.replaceAll('"', '""')}"`;
    await copy(`INSERT INTO ${quoted} (${quoted}) VALUES ('integrity-check')`);
  }
  // rows that break a CHECK are found there too
  expect(await copy("PRAGMA quick_check")).toEqual(await object("PRAGMA quick_check"));
}

const restorers: Readonly<Record<string, (dump: string, database: string) => Promise<void>>> = {
  "node:sqlite": restore,
  ...(has("sqlite3") && {
    async sqlite3(dump: string, database: string) {
      expect(await run("sqlite3", ["-bail", database, `.read ${dump}`])).toMatchObject({ code: 0, stderr: "" });
    },
  }),
};

describe.each(corpus.map((one, at) => [one.name, one, `case-${at}`] as const))("%s", (_, one, name) => {
  it("comes back by every restorer", async () => {
    const database = `database=${name}`;
    const object: Reader = (sql) =>
      query({ ...server, fetch: (path, init) => server.fetch(`${path}?${database}`, init) }, { sql });
    for (const sql of one.sql) await object(sql);
    const dump = join(folder, `${name}.sql`);
    writeFileSync(dump, await bytesOf(server, `/export/dump?${database}`));
    for (const [restorer, make] of Object.entries(restorers)) {
      const path = join(folder, `${name}-${restorer.replace(":", "-")}.db`);
      await make(dump, path);
      // read by node:sqlite, whoever wrote it: a connection of its own, so that nothing is only in memory
      const file = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
      try {
        await expectEqual(one, object, fileReader(file));
      } finally {
        file.close();
      }
    }
  });
});
