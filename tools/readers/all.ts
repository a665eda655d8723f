/** All readers. */
import { duckDbReaders } from "./duckdb.ts";
import { libraries } from "./libraries.ts";
import { spreadsheets } from "./libreoffice.ts";
import { mariaDbReaders } from "./mariadb.ts";
import { postgresReaders } from "./postgres.ts";
import { pythons } from "./python.ts";
import { findingOf, queryOf, type Finding, type Reader, type Sample } from "./reader.ts";
import { shells } from "./shells.ts";

export const readers: readonly Reader[] = [
  ...duckDbReaders,
  ...libraries,
  ...pythons,
  ...postgresReaders,
  ...mariaDbReaders,
  ...spreadsheets,
  ...shells,
];

/** All the ways in which the readers have the tables. */
export const queries: ReadonlySet<string> = new Set(readers.map(queryOf));

/** What comes of each file; null where the reader is not installed. */
export async function findingsOf(
  reader: Reader,
  files: ReadonlyMap<string, readonly Sample[]>,
): Promise<readonly Finding[] | null> {
  const samples = files.get(queryOf(reader)) ?? [];
  if (!(await reader.isThere())) return null;
  const seen = await reader.read(samples);
  return samples.map(({ one }, at) => findingOf(seen[at] ?? new Error("It read nothing"), one, reader.format));
}
