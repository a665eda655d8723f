/** Every database of the corpus, dumped through a real object, restored by other SQLites, and compared cell by cell. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Server } from "../../scripts/lib/server.ts";
import { statementsOf } from "../../scripts/lib/statements.ts";
import { corpus } from "../fixtures/corpus.ts";
import { expectEqual, expectFileEqual, restorers } from "./equal.ts";
import { d1Reader, databaseOf, readerOf, restoreToD1, restoreToObject, startTestServer } from "./places.ts";
import { bytesOf, temporaryFolder } from "./support.ts";

let server: Server;

beforeAll(async () => {
  server = await startTestServer(corpus.length);
});
afterAll(() => server.stop());

describe.each(corpus.map((one, at) => [one.name, one, at] as const))("%s", (_, one, at) => {
  const name = `case-${at}`;
  const object = readerOf({ ...server, fetch: (path, init) => server.fetch(path, init) }, name);
  const dumpOf = (options: string, pageRows = 0) =>
    bytesOf(databaseOf(server, name), `/export/dump?${options}`, { headers: { "X-Page-Rows": String(pageRows) } });

  beforeAll(async () => {
    for (const sql of one.sql) await object(sql);
  });

  it("comes back by every restorer", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "dump.sql"), await dumpOf(""));
    for (const [restorer, make] of Object.entries(restorers)) {
      const path = join(folder, `${restorer.replace(":", "-")}.db`);
      await make(join(folder, "dump.sql"), path);
      await expectFileEqual(one, object, path);
    }
  });

  it("comes back from pages of any size", async () => {
    const folder = temporaryFolder();
    const usual = await dumpOf("");
    for (const pageRows of one.pages ?? [1, 2, 3, 5]) {
      const dump = await dumpOf("", pageRows);
      if (Buffer.compare(dump, usual) === 0) continue;
      const [file, path] = [join(folder, "dump.sql"), join(folder, "copy.db")];
      writeFileSync(file, dump);
      await restorers["node:sqlite"]?.(file, path);
      await expectFileEqual(one, object, path);
      rmSync(path);
    }
  });

  it("comes back in another object and in D1", async () => {
    const dump = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await dumpOf("target=d1"));
    const statements = statementsOf(dump);
    expect(Math.max(...statements.map((statement) => Buffer.byteLength(statement)))).toBeLessThanOrEqual(95_000);
    const warnings = dump
      .split("\n")
      .filter((line) => line.startsWith("-- warning: "))
      .join("\n");
    expect(warnings).toContain(one.d1Warns ?? "");
    if (one.d1Warns === undefined) expect(warnings).toBe("");
    await restoreToObject(server, `${name}-copy`, statements);
    await expectEqual(one, object, readerOf(server, `${name}-copy`), warnings);
    await restoreToD1(server, at, statements);
    await expectEqual(one, object, d1Reader(server, at), warnings);
  });
});
