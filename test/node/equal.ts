/** Is a copy the database that was dumped? Schema text, rows with storage classes and bytes, and what must work in it. */
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { compareDatabases } from "../../scripts/lib/compare.ts";
import { restore } from "../../scripts/lib/restore.ts";
import { fileReader, tablesOf, type Reader } from "../../scripts/lib/rows.ts";
import type { Case } from "../fixtures/corpus.ts";
import { has, run } from "./support.ts";

/** What is kept of a schema besides rows; statistics and index of one release are not those of another. */
const schemaQuery =
  "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_miniflare%' ESCAPE '\\' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence') ORDER BY type, name";
const sequenceQuery = "SELECT name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence ORDER BY name, seq";
const statisticsQuery = "SELECT * FROM sqlite_stat1 ORDER BY 1, 2";

/** Compares a copy with the object that was dumped; `warnings` name what may differ, and is then not looked at. */
export async function expectEqual(one: Case, object: Reader, copy: Reader, warnings: string = ""): Promise<void> {
  const told = (name: unknown) => warnings.includes(`"${String(name).replaceAll('"', '""')}"`);
  const objects = (await object(schemaQuery)).filter(({ name }) => !told(name));
  expect((await copy(schemaQuery)).filter(({ name }) => !told(name))).toEqual(objects);
  for (const table of await tablesOf(object)) {
    const { sql } = objects.find(({ name }) => name === table.name) ?? {};
    const definition = typeof sql === "string" ? sql : "";
    if (/fts5vocab|\bc(?:ontent)?\s*=\s*''/i.test(definition) || told(table.name)) continue; // has no rows of its own
    expect((await compareDatabases(table, object, copy)).difference, table.name).toBeNull();
  }
  for (const { name } of objects) {
    if (name === "sqlite_sequence") expect(await copy(sequenceQuery)).toEqual(await object(sequenceQuery));
  }
  if (one.sql.join().includes("ANALYZE")) expect(await copy(statisticsQuery)).toEqual(await object(statisticsQuery));
  if (warnings === "") for (const query of one.queries ?? []) expect(await copy(query)).toEqual(await object(query));
  for (const { name, sql } of objects) {
    if (!/using\s+fts5\s*\(/i.test(String(sql))) continue;
    const quoted = `"${String(name).replaceAll('"', '""')}"`;
    await copy(`INSERT INTO ${quoted} (${quoted}) VALUES ('integrity-check')`);
  }
  // rows that break a CHECK are found there too
  expect(await copy("PRAGMA quick_check")).toEqual(await object("PRAGMA quick_check"));
}

/** As `expectEqual`, with a file; read by node:sqlite, whoever wrote it, by a connection of its own. */
export async function expectFileEqual(one: Case, object: Reader, path: string): Promise<void> {
  const file = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
  try {
    await expectEqual(one, object, fileReader(file));
  } finally {
    file.close();
  }
}

/** Ways to make a database file of a dump; the shell is tried where it is installed. */
export const restorers: Readonly<Record<string, (dump: string, database: string) => Promise<void>>> = {
  "node:sqlite": restore,
  ...(has("sqlite3") && {
    async sqlite3(dump: string, database: string) {
      expect(await run("sqlite3", ["-bail", database, `.read ${dump}`])).toMatchObject({ code: 0, stderr: "" });
    },
  }),
};
