/** Fast and slow path give the same bytes for the same row, for every format and every value both can render. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formats } from "../../formats/index.ts";
import type { FormatOptions, Format, RowEncoder, Segment } from "../../formats/format.ts";
import { readCells } from "../../src/reader/cells.ts";
import { firstCursor } from "../../src/reader/cursor.ts";
import { alias } from "../../src/schema/key.ts";
import { piecesOf } from "../../src/reader/pieces.ts";
import { readCatalog } from "../../src/schema/catalog.ts";
import { select } from "../../src/schema/selection.ts";
import type { SourceTable } from "../../src/schema/source-table.ts";
import { pageQueryOf } from "../../src/reader/page-query.ts";
import { withDatabase } from "../support/database.ts";
import { formulaUnits } from "../support/spreadsheet-texts.ts";

type Value = null | string | number | Uint8Array | bigint;

/** Every storage class and the borders of each, at random. */
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer().map(BigInt),
  fc.double({ noNaN: true }),
  fc.double({ noNaN: true, min: -1e-270, max: 1e-270 }),
  fc.constantFrom(0, -0, 1e15, 1e16, 1e17, 1e21, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 123456789012345680),
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
  fc.string({
    unit: fc.constantFrom("'", '"', ",", "\n", "\r", "\0", "\t", "\u001b", "é", "😀", "\u2028", "a", " ", "\\"),
  }),
  fc.string({
    unit: fc.constantFrom("\r\n", "\r", "\n", "\u0001", "\u0002", "\u0003", "\u001f", "'", "é", "x", ':["', "[", "}"),
  }),
  fc.string({
    unit: fc.constantFrom(...formulaUnits, ",", "\uff0c", "\u0301"),
  }),
  fc.uint8Array({ maxLength: 40 }),
);

/** A value as an SQL literal of its storage class; -0.0 keeps its sign. */
function literal(one: Value): string {
  if (one === null) return "NULL";
  if (typeof one === "bigint") return one.toString();
  if (Object.is(one, -0)) return "-0.0";
  if (typeof one === "number") return Number.isFinite(one) ? one.toExponential() : one > 0 ? "9e999" : "-9e999";
  const bytes = typeof one === "string" ? new TextEncoder().encode(one) : one;
  return typeof one === "string" ? `CAST(X'${bytes.toHex()}' AS TEXT)` : `X'${bytes.toHex()}'`;
}

function rowsOf(
  format: Format,
  formatOptions: FormatOptions,
  selected: ReturnType<typeof select>,
  table: SourceTable,
): RowEncoder {
  const schema = { ...selected, indexState: () => "as its content" as const };
  const segments: Iterable<Segment> =
    format.scope === "database"
      ? format.segments(schema, "data", formatOptions)
      : format.segments(table, formatOptions);
  const found = [...segments].find((segment) => segment.kind === "rows");
  if (found?.kind !== "rows") throw new TypeError(`${format.name} has no rows`);
  const rows = found.rows();
  if ("rowsAs" in rows) throw new TypeError(`${format.name} takes its rows as ${rows.rowsAs}`);
  return rows;
}

/** Options that lengthen fields, or change the same values, together. */
const together: Readonly<Record<string, readonly FormatOptions[]>> = {
  csv: [
    { nulls: "\\nothing", blobs: "duckdb", infinity: "number" },
    { nulls: "NULL", infinity: "null", int64: "string" },
    { formulas: "guard", int64: "string", blobs: "postgres" },
    { formulas: "guard", nulls: "(nothing", blobs: "duckdb" },
  ],
  jsonl: [{ int64: "string", infinity: "string", blobs: "hex" }],
};

/** Every format with every one of its options, and some together. */
const variants = formats.flatMap((format) => {
  const choices = Object.entries(format.options ?? {}).flatMap(([name, option]) =>
    ("values" in option ? Object.keys(option.values) : ["\\N", "(nothing"]).map((one) => ({ [name]: one })),
  );
  return (choices.length === 0 ? [{}] : [...choices, ...(together[format.name] ?? [])]).map(
    (formatOptions): [string, Format, FormatOptions] => [
      `${format.name} ${JSON.stringify(formatOptions)}`,
      format,
      formatOptions,
    ],
  );
});

describe.each(variants)("%s", (_, format, formatOptions) => {
  it.each(["", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB"])(
    "renders a column of type '%s' alike by both paths",
    async (type) => {
      await withDatabase((sql) => {
        sql.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}, "b ""c" ${type})`);
        const schema = select(readCatalog(sql), { tables: null, exclude: [] });
        const [table] = schema.tables;
        if (table === undefined) throw new TypeError("There is no table");
        const rows = rowsOf(format, formatOptions, schema, table);
        const columns = format.scope === "database" ? table.insertableColumns : table.columns;
        let fastRows = 0;
        fc.assert(
          fc.property(value, value, (a, b) => {
            sql.exec(`DELETE FROM t; INSERT INTO t VALUES (1, ${literal(a)}, ${literal(b)})`);
            const row =
              rows.fastPath?.fallbackWhen === undefined
                ? rows.fastPath?.row
                : `CASE WHEN ${rows.fastPath.fallbackWhen} THEN NULL ELSE ${rows.fastPath.row} END`;
            const { r } = sql
              .exec<{ r: ArrayBuffer | null }>(`SELECT CAST(${row} AS BLOB) AS r FROM t AS ${alias}`)
              .one();
            if (r === null) return;
            const raw = new Uint8Array(r);
            const finished = rows.fastPath?.transformPage === undefined ? raw : rows.fastPath.transformPage(raw);
            if (finished === null) return;
            fastRows++;
            const cells = readCells(sql, table.key, columns, pageQueryOf(table, firstCursor(1), 1, null)).rows[0] ?? [];
            const slow = rows.encode(cells);
            expect(Buffer.from(finished).toString("latin1")).toBe(
              Buffer.concat(piecesOf([slow], "")).toString("latin1"),
            );
          }),
          { numRuns: 200 },
        );
        expect(fastRows).toBeGreaterThan(20);
      });
    },
  );
});
