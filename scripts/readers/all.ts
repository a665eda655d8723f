/** All readers. */
import { libraries } from "./libraries.ts";
import { pythons } from "./python.ts";
import { findingOf, type Finding, type Reader, type Sample } from "./reader.ts";
import { servers } from "./servers.ts";
import { shells } from "./shells.ts";

export const readers: readonly Reader[] = [...libraries, ...pythons, ...servers, ...shells];

/** What comes of each file; null where the reader is not installed. */
export async function findingsOf(reader: Reader, samples: readonly Sample[]): Promise<readonly Finding[] | null> {
  if (!(await reader.isThere())) return null;
  const seen = await reader.read(samples);
  return samples.map(({ one }, at) => findingOf(seen[at] ?? new Error("It read nothing"), one, reader.format));
}
