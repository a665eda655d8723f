/** A format that carries a state through its file: the one of docs/add-a-format.md, whose footer holds the offset and the rows of each page. */
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { formats, type Cell, type Format, type RenderedPage, type Table } from "../../src/index.ts";
import { fileOf, withDatabase } from "../support/database.ts";
import { indexed } from "../support/indexed.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";

function fill(sql: SqlStorage, rows = 700): void {
  sql.exec(`
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, score REAL, v);
    CREATE TABLE empty (x);
    CREATE TABLE wide (id INTEGER PRIMARY KEY, ${Array.from({ length: 20 }, (_, at) => `c${at}`).join(",")});
    CREATE TABLE small (x);
    INSERT INTO small VALUES (1), ('two'), (x'03');
    INSERT INTO wide (id, c7) VALUES (1, 'seven'), (2, 7.5);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO people SELECT i, 'Name ' || i, zeroblob(i % 50), i / 7.0, CASE i % 3 WHEN 0 THEN i ELSE 'v' || i END FROM n;
    INSERT INTO people VALUES (50000, 'large', zeroblob(400000), 0.5, NULL), (50001, 'last', NULL, 9e999, 9223372036854775807)`);
}

type Index = readonly (readonly [offset: number, rows: number])[];

/** What the index says, and the names of the second column as they are found by it. */
function read(file: Uint8Array): { readonly index: Index; readonly values: readonly unknown[][] } {
  const start = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(file.length - 8));
  const text = (from: number, to: number) => new TextDecoder().decode(file.subarray(from, to));
  const index: Index = JSON.parse(text(start, file.length - 8));
  const values: unknown[][] = [];
  for (const [at, [offset, rows]] of index.entries()) {
    const columns = text(offset, index[at + 1]?.[0] ?? start)
      .trimEnd()
      .split("\n")
      .map((line): unknown[] => JSON.parse(line));
    for (const [place, column] of columns.entries()) {
      expect(column).toHaveLength(rows);
      (values[place] ??= []).push(...column);
    }
  }
  return { index, values };
}

const offered = [...formats, indexed];

describe("a format with a state", () => {
  it("finds each page by the index at the end of its file", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const { index, values } = read(fileOf(sql, { format: indexed, offered, tables: ["people"] }));
      expect(index.length).toBeGreaterThan(3);
      expect(index[0]).toEqual([8, 16]);
      expect(values[0]?.slice(0, 3)).toEqual(["1", "2", "3"]);
      expect(values[1]?.slice(-3)).toEqual(["Name 700", "large", "last"]);
      expect(values[3]?.at(-1)).toEqual({ real: "9.0e+999" });
      expect(values[4]?.slice(-2)).toEqual([null, "9223372036854775807"]);
      expect(read(fileOf(sql, { format: indexed, offered, tables: ["empty"] })).index).toEqual([]);
      expect(read(fileOf(sql, { format: indexed, offered, tables: ["wide"] })).values[8]).toEqual([
        "seven",
        { real: "7.5" },
      ]);
    });
  });

  it("gives the same bytes in slices of any size, packed or not", async () => {
    await withDatabase((sql) => {
      fill(sql);
      for (const wanted of [{ tables: ["people"] }, { tables: ["people"], gzip: true }, { gzip: true }]) {
        const whole = fileOf(sql, { format: indexed, offered, ...wanted });
        for (const steps of [1, 2]) expect(fileOf(sql, { format: indexed, offered, ...wanted }, steps)).toEqual(whole);
      }
    });
  });

  it("begins anew in each entry of an archive", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const entries = unzipSync(fileOf(sql, { format: indexed, offered }));
      for (const table of ["people", "empty", "wide", "small"])
        expect(entries[`${table}.indexed`], table).toEqual(fileOf(sql, { format: indexed, offered, tables: [table] }));
    });
  });

  it.each([false, true])("makes the same file as a job that is killed in the middle, gzip: %s", async (gzip) => {
    await withObject(async (state) => {
      const { sql } = state.storage;
      fill(sql, 8000);
      const page = { bytes: 16 * 1024, rows: 50 };
      const expected = fileOf(sql, { format: indexed, offered, gzip, page });
      const { status, slices, bytes } = await runSliced(
        state,
        { format: indexed, compress: gzip ? "gzip" : "none" },
        (slice) => {
          // the rows are those of the beginning, though the host goes on writing: small tables too
          if (slice === 1) sql.exec("UPDATE people SET name = 'changed'; DELETE FROM small; UPDATE wide SET c7 = 1");
        },
        () => sliceBySlice(state, { formats: offered, page }),
      );
      expect(status.status).toBe("complete");
      expect(slices).toBeGreaterThan(5);
      expect(bytes).toEqual(expected);
    });
  });

  it("sees rendered pages too, with the rows in front of each", async () => {
    await withDatabase((sql) => {
      fill(sql, 100);
      const framed = {
        name: "framed",
        extension: ".txt",
        mediaType: "text/plain",
        scope: "table",
        start: () => 0,
        *segments(table: Table) {
          const rows = () => ({
            open: "[",
            separator: ",",
            close: "]\n",
            encode: ([id = null]: readonly Cell[]) => (typeof id === "bigint" ? id.toString() : ""),
            page: (pages: number, { bytes, offset, rows: count, rowsBefore }: RenderedPage) => ({
              bytes: [`${pages} ${offset} ${rowsBefore} ${count} `, bytes],
              state: pages + 1,
            }),
          });
          yield { kind: "rows", table, columns: table.columns, rows };
        },
      } as const satisfies Format;
      const lines = new TextDecoder().decode(fileOf(sql, { format: framed, tables: ["people"] }, 1)).split("\n");
      expect(lines[0]).toBe("0 0 0 16 [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]");
      expect(lines[1]).toMatch(/^1 50 16 16 \[17,/);
      expect(lines.at(-2)).toMatch(/,50000,50001\]$|\[50001\]$/);
    });
  });

  it("names the table and the row where it cannot encode a page, and refuses a state that is too large", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('a'), (CAST(x'ff' AS TEXT))");
      expect(() => fileOf(sql, { format: indexed, offered, tables: ["t"] })).toThrow(
        'Cannot read table "t" behind row 0: Cannot write text that is not UTF-8 as JSON',
      );
      const greedy = {
        ...indexed,
        start: () => Array.from({ length: 200_000 }, () => [1, 2] as const),
      };
      sql.exec("DELETE FROM t WHERE rowid = 2");
      expect(() => fileOf(sql, { format: greedy, offered, tables: ["t"] })).toThrow(
        /^Cannot go on with the file: the state of its format has 1200007 characters as JSON, of 1048576 that a checkpoint holds$/,
      );
    });
  });
});
