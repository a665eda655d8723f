/** Every database of the corpus, dumped through a real object, restored by other SQLites, and compared cell by cell. */
import { isUtf8 } from "node:buffer";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowsOf, tablesOf } from "../../tools/lib/rows.ts";
import type { Server } from "../../tools/lib/server.ts";
import { statementsOf } from "../../tools/lib/statements.ts";
import { corpus } from "../support/corpus.ts";
import { differenceOf, fileDifference, restorers } from "./equal.ts";
import { byDuckDb, byJsonParse, byPapaParse, byRfc4180, expectedOf, sameKind, type Field } from "./table-readers.ts";
import { d1Reader, databaseOf, readerOf, restoreToD1, restoreToObject, startTestServer } from "./d1-targets.ts";
import { bytesOf, temporaryFolder } from "./support.ts";

let server: Server;

beforeAll(async () => {
  server = await startTestServer(corpus.length);
});
afterAll(() => server.stop());

describe.each(corpus.map((one, at) => [one.name, one, at] as const))("%s", (_, one, at) => {
  const database = `case-${at}`;
  const object = readerOf(() => server, database);
  const dumpOf = (options: string, pageRows = 0) =>
    bytesOf(databaseOf(server, database), `/export/dump?${options}`, { headers: { "X-Page-Rows": String(pageRows) } });

  beforeAll(async () => {
    for (const sql of one.sql) await object(sql);
  });

  it("comes back by every restorer", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "dump.sql"), await dumpOf(""));
    for (const [restorer, make] of Object.entries(restorers)) {
      const path = join(folder, `${restorer.replace(":", "-")}.db`);
      await make(join(folder, "dump.sql"), path);
      expect(await fileDifference(one, object, path), "difference").toBeNull();
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
      expect(await fileDifference(one, object, path), "difference").toBeNull();
      rmSync(path);
    }
  });

  it.each(["csv", "jsonl"] as const)("is read as %s by other programs", async (format) => {
    for (const table of await tablesOf(object)) {
      const file = await dumpOf(`format=${format}&table=${encodeURIComponent(table.name)}`);
      const names = table.columns.map((column) => column.slice(1, -1).replaceAll('""', '"'));
      const pages = await Array.fromAsync(
        rowsOf(object, one.order === undefined ? table : { ...table, order: one.order }),
      );
      const cells = pages.flat().map((row) => (table.rowid === null ? row : row.slice(1)));
      const expected = cells.map((row) => row.map((cell) => expectedOf(cell)[format]));
      const same = (rows: readonly (readonly Field[])[]) =>
        rows.map((row, number) => row.map((field, column) => sameKind(field, cells[number]?.[column] ?? "")));
      if (format === "csv") {
        const header = names.map((name) => Buffer.from(name).toString("latin1"));
        const [papaHeader, ...papa] = byPapaParse(file);
        expect(papaHeader).toEqual(header);
        expect(same(papa)).toEqual(expected.map((row) => row.map((field) => field ?? "")));
        const [rfcHeader, ...rfc] = await byRfc4180(file);
        expect(rfcHeader?.map((field) => field ?? "")).toEqual(header);
        expect(same(rfc)).toEqual(expected);
      } else expect(same(byJsonParse(file, names))).toEqual(expected);
      const read = byDuckDb(file, format, names);
      if (!isUtf8(file)) await expect(read).rejects.toThrow("unicode");
      else if (names.includes("")) await expect(read).rejects.toThrow("named argument");
      else expect(same(await read), "DuckDB").toEqual(expected);
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
    await restoreToObject(server, `${database}-copy`, statements);
    expect(
      await differenceOf(
        one,
        object,
        readerOf(() => server, `${database}-copy`),
        warnings,
      ),
      "difference",
    ).toBeNull();
    await restoreToD1(server, at, statements);
    expect(await differenceOf(one, object, d1Reader(server, at), warnings), "difference").toBeNull();
  });
});
