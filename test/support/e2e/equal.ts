/** Is a copy the database that was dumped? Schema text, rows with storage classes and bytes, and what must work in it. */
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { compareDatabases } from "../../../tools/lib/compare.ts";
import { restore } from "../../../tools/lib/restore.ts";
import { fileReader, tablesOf, type Reader } from "../../../tools/lib/rows.ts";
import type { Case } from "../corpus.ts";
import { has, run } from "./commands.ts";

/** What is kept of a schema besides rows; statistics and index of one release are not those of another. */
const schemaQuery =
  "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE '\\_durable\\_export\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_miniflare%' ESCAPE '\\' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence') ORDER BY type, name";
const sequenceQuery = "SELECT name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence ORDER BY name, seq";
const statisticsQuery = "SELECT * FROM sqlite_stat1 WHERE tbl NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1, 2";

/** The first difference between an object and its copy, or null; what `warnings` name may differ, and is not looked at. */
export async function differenceOf(one: Case, object: Reader, copy: Reader, warnings = ""): Promise<string | null> {
  const told = (name: unknown) => warnings.includes(`"${String(name).replaceAll('"', '""')}"`);
  const both = async (query: string) => {
    const [expected, found] = [await object(query), await copy(query)];
    const plain = (rows: typeof found) =>
      rows.filter(({ name }) => name === undefined || !told(name)).map((row) => ({ ...row }));
    const isSame = isDeepStrictEqual(plain(found), plain(expected));
    return {
      expected,
      difference: isSame ? null : `${query}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`,
    };
  };
  const { expected: objects, difference } = await both(schemaQuery);
  if (difference !== null) return difference;
  for (const table of await tablesOf(object)) {
    const { sql } = objects.find(({ name }) => name === table.name) ?? {};
    const definition = typeof sql === "string" ? sql : "";
    if (/fts5vocab|\bc(?:ontent)?\s*=\s*''/i.test(definition) || told(table.name)) continue; // has no rows of its own
    const compared = await compareDatabases(table, object, copy);
    if (compared.difference !== null) return `${table.name}: ${compared.difference}`;
  }
  const queries = [
    ...(objects.some(({ name }) => name === "sqlite_sequence") ? [sequenceQuery] : []),
    ...(one.sql.join().includes("ANALYZE") ? [statisticsQuery] : []),
    ...(warnings === "" ? (one.queries ?? []) : []),
    "PRAGMA quick_check", // rows that break a CHECK are found in both
  ];
  for (const query of queries) {
    const found = await both(query);
    if (found.difference !== null) return found.difference;
  }
  for (const { name, sql } of objects) {
    if (!/using\s+fts5\s*\(/i.test(String(sql))) continue;
    const quoted = `"${String(name).replaceAll('"', '""')}"`;
    await copy(`INSERT INTO ${quoted} (${quoted}) VALUES ('integrity-check')`);
  }
  return null;
}

/** As `differenceOf`, with a file; read by node:sqlite, whoever wrote it, by a connection of its own. */
export async function fileDifference(one: Case, object: Reader, path: string): Promise<string | null> {
  const file = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
  try {
    return await differenceOf(one, object, fileReader(file));
  } finally {
    file.close();
  }
}

/** Restores with the sqlite3 shell. Throws whatever it says on standard error, whatever its exit code. */
export async function restoreByShell(dump: string, database: string): Promise<void> {
  const { code, stderr } = await run("sqlite3", ["-bail", database, `.read ${dump}`]);
  if (code !== 0 || stderr !== "") throw new Error(`sqlite3 ended with ${code}: ${stderr}`);
}

/** Ways to make a database file of a dump; the shell is tried where it is installed. */
export const restorers: Readonly<Record<string, (dump: string, database: string) => Promise<void>>> = {
  "node:sqlite": (dump, database) => restore(dump, database),
  ...(has("sqlite3") && { sqlite3: restoreByShell }),
};
