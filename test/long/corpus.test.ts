/** Every database of the corpus, restored by further programs and from pages of any size, and its tables as other programs read them. */
import { isUtf8 } from "node:buffer";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rowsOf, tablesOf } from "../../tools/lib/rows.ts";
import { corpus } from "../support/corpus.ts";
import { describeCorpus, d1DumpOf } from "../support/e2e/corpus-databases.ts";
import { d1Reader, restoreToD1 } from "../support/e2e/d1-targets.ts";
import { differenceOf, fileDifference, restorers } from "../support/e2e/equal.ts";
import { temporaryFolder } from "../support/e2e/files.ts";
import {
  byDuckDb,
  byJsonParse,
  byPapaParse,
  byRfc4180,
  expectedOf,
  sameKind,
  type Field,
} from "../support/e2e/table-readers.ts";

/** The restorers that `test/e2e/corpus.test.ts` does not try. */
const others = Object.entries(restorers).filter(([restorer]) => restorer !== "node:sqlite");

describeCorpus((database) => {
  const { one, d1, object, dump, server } = database;

  it.each(others)("comes back by %s", async (_, make) => {
    const folder = temporaryFolder();
    const [file, copy] = [join(folder, "dump.sql"), join(folder, "copy.db")];
    writeFileSync(file, await dump(""));
    await make(file, copy);
    expect(await fileDifference(one, object, copy), "difference").toBeNull();
  });

  it("comes back from pages of any size", async () => {
    const folder = temporaryFolder();
    const usual = await dump("");
    for (const pageRows of one.pages ?? [1, 2, 3, 5]) {
      const small = await dump("", pageRows);
      if (Buffer.compare(small, usual) === 0) continue;
      const [file, path] = [join(folder, "dump.sql"), join(folder, "copy.db")];
      writeFileSync(file, small);
      await restorers["node:sqlite"]?.(file, path);
      expect(await fileDifference(one, object, path), "difference").toBeNull();
      rmSync(path);
    }
  });

  it.each(["csv", "jsonl"] as const)("is read as %s by other programs", async (format) => {
    for (const table of await tablesOf(object)) {
      const file = await dump(`format=${format}&table=${encodeURIComponent(table.name)}`);
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

  it("comes back in D1", async () => {
    const { statements, warnings } = d1DumpOf(database, await dump("target=d1"));
    await restoreToD1(server(), d1, statements);
    expect(await differenceOf(one, object, d1Reader(server(), d1), warnings), "difference").toBeNull();
  });
}, corpus.length);
