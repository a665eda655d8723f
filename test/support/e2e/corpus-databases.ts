/** The databases of the corpus, each in an object of its own of one server. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import type { Reader } from "../../../tools/lib/rows.ts";
import type { Server } from "../../../tools/lib/server.ts";
import { statementsOf } from "../../../tools/lib/statements.ts";
import { corpus, type Case } from "../corpus.ts";
import { databaseOf, readerOf, startTestServer } from "./d1-targets.ts";
import { bytesOf } from "./files.ts";

/** A database of the corpus in an object. */
export interface CorpusDatabase {
  readonly one: Case;
  /** The name of the object. */
  readonly name: string;
  /** Number of the D1 database that is kept for it, where the server has some. */
  readonly d1: number;
  /** Reads the object. Each query is asked once only, as nothing changes the object. */
  readonly object: Reader;
  /** Downloads a dump of it, by these options, from pages of so many rows; 0 is the usual page. */
  readonly dump: (options: string, pageRows?: number) => Promise<Uint8Array>;
  readonly server: () => Server;
}

/** Describes the same tests for each database of the corpus. */
export function describeCorpus(tests: (database: CorpusDatabase) => void, d1Databases = 0): void {
  let started: Server | undefined;
  const server = () => {
    if (started === undefined) throw new Error("The server of the corpus has not started");
    return started;
  };
  beforeAll(async () => {
    started = await startTestServer(d1Databases);
  });
  afterAll(() => started?.stop());

  describe.each(corpus.map((one, index) => [one.name, one, index] as const))("%s", (_, one, index) => {
    const name = `case-${index}`;
    const asked = new Map<string, ReturnType<Reader>>();
    const object: Reader = (sql) => {
      const answer = asked.get(sql) ?? readerOf(server, name)(sql);
      asked.set(sql, answer);
      return answer;
    };
    beforeAll(async () => {
      for (const sql of one.sql) await readerOf(server, name)(sql);
    });
    afterAll(() => asked.clear());

    tests({
      one,
      name,
      d1: index,
      object,
      dump: (options, pageRows = 0) =>
        bytesOf(databaseOf(server(), name), `/export/dump?${options}`, {
          headers: { "X-Page-Rows": String(pageRows) },
        }),
      server,
    });
  });
}

/** What a dump for D1 holds, which is what such a dump must be: small statements, and no warnings but those that are expected. */
export function d1DumpOf({ one }: CorpusDatabase, dump: Uint8Array) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(dump);
  const statements = statementsOf(text);
  expect(Math.max(...statements.map((statement) => Buffer.byteLength(statement)))).toBeLessThanOrEqual(95_000);
  const warnings = text
    .split("\n")
    .filter((line) => line.startsWith("-- warning: "))
    .join("\n");
  expect(warnings).toContain(one.d1Warns ?? "");
  if (one.d1Warns === undefined) expect(warnings).toBe("");
  return { statements, warnings };
}
