/** Databases of many tables, and of long names: nothing that grows with their number goes into one statement, one value or one message. */
import { describe, expect, it } from "vitest";
import { listed } from "../src/errors.ts";
import { formats } from "../formats/index.ts";
import { parseOptions } from "../src/options.ts";
import { readCatalog, tableNames } from "../src/source/schema.ts";
import { UndoLog } from "../src/source/undo.ts";
import { fileOf, textOf, withDatabase } from "./database.ts";
import { rowsOf } from "./undo.ts";

/** 700 tables whose names are 200 bytes, or 400, each with a counter and statistics; one has a control character, which takes care. */
function fill(sql: SqlStorage): readonly string[] {
  const names = Array.from({ length: 700 }, (_, at) => `${"ä".repeat(at % 2 === 0 ? 90 : 190)} table ${at}`);
  names.push("odd\u001f");
  for (const [at, name] of names.entries()) {
    sql.exec(`CREATE TABLE "${name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, a)`);
    sql.exec(`INSERT INTO "${name}" VALUES (${at + 1}, 'row')`);
    sql.exec(`CREATE INDEX "index ${at}" ON "${name}" (a)`);
  }
  sql.exec("ANALYZE");
  return names;
}

describe("many tables with long names", () => {
  it("come out whole, all of them or all but some, with their counters and statistics", async () => {
    await withDatabase((sql) => {
      const names = fill(sql);
      const counters = (text: string) =>
        text.split("\n").filter((line) => line.startsWith('INSERT INTO "sqlite_sequence"'));
      const statistics = (text: string) =>
        text.split("\n").filter((line) => line.startsWith('INSERT INTO "sqlite_stat1"'));
      const some = names.filter((_, at) => at % 100 === 3);
      for (const [wanted, count] of [
        [{}, 701],
        [{ exclude: ["odd\u001f"] }, 700],
        [{ exclude: some }, 694],
        [{ tables: some }, 7],
        [{ tables: names.slice(0, 650) }, 650],
      ] as const) {
        const text = textOf(sql, wanted);
        expect(text.endsWith(`-- dump complete: ${count} tables, ${count} rows\n`)).toBe(true);
        for (const lines of [counters(text), statistics(text)])
          expect(lines.join("").match(/ table \d+/g)?.length).toBe(count - (text.includes("odd") ? 1 : 0));
      }
      expect(textOf(sql, { target: "d1", exclude: some })).toContain("-- dump complete: 694 tables, 694 rows");
      expect(fileOf(sql, { format: "csv", exclude: some }, 3)).toEqual(fileOf(sql, { format: "csv", exclude: some }));
    });
  });

  it("come out whole from an undo log", async () => {
    await withDatabase((sql) => {
      const all = fill(sql);
      const names = all.slice(0, 20);
      for (const name of all.slice(20, -1)) sql.exec(`DROP TABLE "${name}"`);
      const wanted = rowsOf(sql, "sql", 100, null, () => "go on");
      let isChanged = false;
      const found = rowsOf(sql, "sql", 100, new UndoLog(sql, "job"), () => {
        if (!isChanged)
          sql.exec(`DELETE FROM "${names[5] ?? ""}"; DELETE FROM sqlite_sequence; DELETE FROM sqlite_stat1`);
        isChanged = true;
        return "go on";
      });
      expect(found).toBe(wanted);
      new UndoLog(sql, "job").end();
    });
  });

  it("are listed in part by what is said of them", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const context = { formats, tableNames: () => tableNames(readCatalog(sql)) };
      const ask = () => parseOptions(new URLSearchParams({ table: "none" }), context);
      expect(ask).toThrow(/and 681 more$/);
      expect(ask).toThrow(expect.objectContaining({ message: expect.toSatisfy((text: string) => text.length < 5000) }));
    });
    expect(listed(["a", 'b"'])).toBe('"a", "b"""');
    expect(listed(["x".repeat(100_000)]).length).toBeLessThan(300);
  });
});
