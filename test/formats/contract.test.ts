/** What every format must keep, the one in docs/add-a-format.md included. */
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { Format, TableFormat } from "../../formats/format.ts";
import { formats } from "../../formats/index.ts";
import { formatContract } from "../../src/testing.ts";
import { withDatabase, fileOf, textOf } from "../support/database.ts";
import { indexed } from "../support/indexed.ts";
import { pgcopy } from "../support/pgcopy.ts";

const all: readonly Format[] = [...formats, pgcopy];

function fill(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, a, b TEXT, "c,d" REAL);
    CREATE TABLE empty (x TEXT, y);
    INSERT INTO "odd ""name" VALUES (1, NULL, '', 0.5), (2, x'', 'tab' || char(9) || 'line' || char(10), -1e300),
      (9007199254740993, x'00ff', 'naïve 日本 😀 \\ "quoted"', 9e999), (9223372036854775807, -9223372036854775808, 'end', -9e999);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO "odd ""name" SELECT 10 + i, CASE i % 5 WHEN 0 THEN zeroblob(i % 90) WHEN 1 THEN i ELSE 'value ' || i END, 'text ' || i, i / 3.0 FROM n;
  `);
}

describe.each([...all, indexed].map((format): [string, Format] => [format.name, format]))(
  "%s, by the published contract",
  (_, format) => {
    for (const { name, run } of formatContract(format, { withDatabase })) it(name, run);
  },
);

describe("the published contract", () => {
  const failing = async (format: Format) => {
    const messages: string[] = [];
    for (const { run } of formatContract(format, { withDatabase })) {
      await run().catch((error: unknown) => messages.push(String(error)));
    }
    return messages;
  };
  const csv = formats.find(({ name }) => name === "csv");
  if (csv?.scope !== "table") throw new TypeError("There is no CSV");

  it("finds what one path writes otherwise", async () => {
    const wrong = {
      ...csv,
      *segments(...[table, options]: Parameters<typeof csv.segments>) {
        for (const segment of csv.segments(table, options)) {
          if (segment.kind !== "rows") yield segment;
          else {
            const encoder = segment.rows();
            if ("rowsAs" in encoder) throw new TypeError("CSV takes rendered rows");
            yield { ...segment, rows: () => ({ ...encoder, encode: () => "other" }) };
          }
        }
      },
    } as const satisfies Format;
    expect(await failing(wrong)).toEqual([
      expect.stringMatching(/^Error: The file differs between the fast and the slow path, for the values NULL and /),
    ]);
  });

  it("finds a state that is kept outside of the state", async () => {
    let pages = 0;
    const wrong: TableFormat = {
      ...csv,
      *segments(table) {
        const page = () => ({ bytes: `page ${pages++}\n`, state: null });
        yield { kind: "rows", table, columns: table.columns, rows: () => ({ rowsAs: "cells", page }) };
      },
    };
    expect((await failing(wrong))[0]).toMatch(/^Error: The file differs in slices of 1 steps, from byte 5 on/);
  });
});

describe.each(all.map((format) => [format.name, format] as const))("%s", (_, format) => {
  const wanted = { format, tables: ['odd "name'] };

  it("has a name that fits into a URL, an ending and a media type", () => {
    expect(format.name).toMatch(/^[a-z0-9]+$/);
    expect(format.extension).toMatch(/^\.[a-z0-9]+$/);
    expect(format.mediaType).toMatch(/^[a-z]+\/[a-z.+-]+(?:; [a-z]+=[a-z0-9-]+)*$/);
  });

  it("gives the same bytes in slices of any size", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const whole = fileOf(sql, wanted);
      expect(whole.length).toBeGreaterThan(60_000);
      for (const steps of [1, 3]) expect(fileOf(sql, wanted, steps)).toEqual(whole);
    });
  });

  it("takes a table without rows", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const text = textOf(sql, { format, tables: ["empty"] });
      expect(text).not.toContain("undefined");
      expect(text).not.toMatch(/INSERT (?!.*temp\.)/); // what counts the statements of the file is no row
    });
  });

  it("has every row, also in an archive or beside other tables", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const one = textOf(sql, wanted);
      for (const value of ["9007199254740993", "9223372036854775807", "naïve 日本 😀", "value 2999", "text 3000"])
        expect(one.split(value).length, value).toBe(2);
      const whole = fileOf(sql, { format });
      if (format.scope !== "table") return;
      const entries = Object.values(unzipSync(whole));
      expect(
        entries.filter((bytes) => new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes) === one),
      ).toHaveLength(1);
    });
  });

  it("keeps nothing from file to file", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const before = fileOf(sql, wanted);
      fileOf(sql, { format, tables: ["empty"] });
      expect(fileOf(sql, wanted)).toEqual(before);
    });
  });
});

describe("the format of the documentation", () => {
  it("writes what PostgreSQL reads, and refuses what it cannot hold", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const lines = textOf(sql, { format: pgcopy, tables: ['odd "name'] }).split("\n");
      expect(lines.slice(0, 2)).toEqual(["1\t\\N\t\t0.5", "2\t\\\\x\ttab\\tline\\n\t-1.0e+300"]);
      sql.exec("INSERT INTO empty VALUES ('a' || char(0), 1)");
      expect(() => textOf(sql, { format: pgcopy, tables: ["empty"] })).toThrow(
        'Cannot read table "empty" behind row 0: Cannot write text with a NUL',
      );
    });
  });
});
