/**
 * However large rows are and in whatever order they come, a step holds little besides the largest of them, and no statement hands out more
 * than it may. Memory itself is measured by `npm run bench:memory`; here its mechanism is held.
 */
import { describe, expect, it } from "vitest";
import { usualPage } from "../../src/file/plan.ts";
import { KiB, MiB } from "../../src/base/units.ts";
import { fileOf, planFor, withDatabase, type Wanted } from "../support/database.ts";

const largest = 600_000;

/** Rows by their number `i`: the size of a value, and what it is made of. */
const orders: Readonly<Record<string, { readonly rows: number; readonly size: string }>> = {
  "small, then large": { rows: 66, size: `CASE WHEN i <= 60 THEN 50 ELSE ${largest} END` },
  "many small, then large": { rows: 3_004, size: `CASE WHEN i <= 3000 THEN 10 ELSE ${largest} END` },
  "large, then small": { rows: 1_004, size: `CASE WHEN i <= 4 THEN ${largest} ELSE 50 END` },
  alternating: { rows: 8, size: `CASE WHEN i % 2 = 0 THEN 100 ELSE ${largest} END` },
  "one large among small": { rows: 2_000, size: `CASE WHEN i = 1500 THEN ${largest} ELSE 100 END` },
  "growing by half": { rows: 30, size: "CAST(10 * pow(1.43, i) AS INTEGER)" },
  "many of some 100 KB behind small ones": { rows: 1_024, size: "CASE WHEN i <= 1000 THEN 40 ELSE 100000 + i END" },
  "many just small enough": { rows: 2_300, size: "CASE WHEN i <= 2000 THEN 20 ELSE 1500 END" },
};
const contents: Readonly<Record<string, string>> = {
  blobs: "zeroblob(%)",
  "plain text": "replace(printf('%.*c', (%) / 10 + 1, 'x'), 'x', 'some text ')",
  "text of control characters": "replace(printf('%.*c', (%) / 2 + 1, 'x'), 'x', char(1) || char(31))",
  "text of quotes": `replace(printf('%.*c', (%) / 4 + 1, 'x'), 'x', '''"' || char(13, 10))`,
  "text with a NUL": "char(0) || printf('%.*c', %, 'y')",
};

const variants: readonly Wanted[] = [
  { format: "sql" },
  { format: "csv", tables: ["t"] },
  { format: "jsonl", tables: ["t"] },
  { target: "d1" },
];

/** Bytes that one statement may hand out besides the largest row: rows of a page that are all large at once. */
const mostRead = usualPage.bytes * 8 + 64 * KiB;

/** Goes through a file; says what the largest chunk was, what was read at once, and how many rows. */
function watched(sql: SqlStorage, wanted: Wanted) {
  const seen = { chunk: 0, read: 0, rowsRead: 0 };
  const counting = new Proxy(sql, {
    get(target, name) {
      if (name !== "exec") return Reflect.get(target, name, target);
      return (query: string, ...values: unknown[]) => {
        const cursor = target.exec(query, ...values);
        const rows = [...cursor.raw()];
        const sizes = rows
          .flat()
          .map((value) => (value instanceof ArrayBuffer ? value.byteLength : String(value).length));
        seen.read = Math.max(
          seen.read,
          sizes.reduce((sum, size) => sum + size, 0),
        );
        if (/ FROM .*"t"/.test(query)) seen.rowsRead += cursor.rowsRead;
        const names = cursor.columnNames;
        return {
          raw: () => rows[Symbol.iterator](),
          toArray: () => rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value]))),
        };
      };
    },
  });
  const { pipeline } = planFor(counting, wanted);
  for (let position = pipeline.start(); !position.isDone;) {
    const step = pipeline.step(position);
    for (const bytes of step.bytes) seen.chunk = Math.max(seen.chunk, bytes.length);
    ({ position } = step);
  }
  return seen;
}

describe.each(Object.entries(orders))("rows that are %s", (_order, { rows, size }) => {
  it.each(Object.entries(contents))("are read in small steps: %s", async (_, content) => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b, n INTEGER)");
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT i, 'row ' || i, ${content.replaceAll("(%)", `(${size})`).replaceAll(" %,", ` ${size},`)}, i * 7 FROM n`,
      );
      for (const wanted of variants) {
        const name = JSON.stringify(wanted);
        const seen = watched(sql, wanted);
        expect(seen.read, name).toBeLessThan(largest * 1.1 + mostRead);
        expect(seen.chunk, name).toBeLessThan(mostRead * 2);
        // each once; some more where rows suddenly are large
        if (rows > 1_000) expect(seen.rowsRead / rows, name).toBeLessThan(wanted.target === "d1" ? 2 : 1.6);
      }
      if (rows < 100) expect(fileOf(sql, { format: "csv" }, 1)).toEqual(fileOf(sql, { format: "csv" }));
    });
  });
});

it("reads a wide row of large values one at a time", async () => {
  await withDatabase((sql) => {
    const columns = Array.from({ length: 100 }, (_, at) => `c${at}`);
    sql.exec(`CREATE TABLE t (${columns.join()})`);
    const insert = (bytes: number, count: number) =>
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO t SELECT ${columns.map((_, at) => (at % 2 === 0 ? `zeroblob(${bytes})` : `printf('%.${bytes}c', 'x')`)).join()} FROM n`,
      );
    insert(10, 60);
    insert(largest / 100, 20);
    for (const wanted of variants) {
      const seen = watched(sql, wanted);
      expect(seen.read, JSON.stringify(wanted)).toBeLessThan(largest * 1.1 + mostRead);
      expect(seen.chunk, JSON.stringify(wanted)).toBeLessThan(mostRead * 2);
    }
  });
});

it("gives a few odd rows among many alone, and reads the others once", async () => {
  await withDatabase((sql) => {
    sql.exec("CREATE TABLE t (k TEXT, n INTEGER, v, PRIMARY KEY (k, n)) WITHOUT ROWID");
    sql.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT 'key ' || (i % 7), i, CASE i % 400 WHEN 1 THEN printf('%.90000c', 'x') WHEN 2 THEN zeroblob(300000) WHEN 3 THEN -0.0 ELSE i END FROM n",
    );
    for (const format of ["sql", "csv", "jsonl"] as const) {
      const seen = watched(sql, { format, tables: ["t"] });
      expect(seen.rowsRead / 20_000, format).toBeLessThan(1.2);
      expect(seen.read, format).toBeLessThan(MiB + mostRead);
    }
  });
});
