/** How rows are put in order by each kind of key, and how a query goes on behind a row. */
import { describe, expect, it } from "vitest";
import { after, exactly, isMixed, keyColumns, keyExpressions, orderOf, type Key } from "../../src/schema/key.ts";

const column = (name: string, descending = false, collation: string | null = null) => ({
  sql: `_t."${name}"`,
  descending,
  collation,
});
const keys = {
  rowid: { kind: "rowid", sql: "_t.rowid" },
  repeated: { kind: "repeated", sql: "_t.rowid" },
  none: { kind: "none" },
  "one column": { kind: "columns", columns: [column("a")] },
  "two columns": { kind: "columns", columns: [column("a"), column("b")] },
  descending: { kind: "columns", columns: [column("a", true), column("b", true)] },
  "both ways": { kind: "columns", columns: [column("a"), column("b", true)] },
  collated: { kind: "columns", columns: [column("a", false, "NOCASE"), column("b")] },
} as const satisfies Record<string, Key>;

describe("a key", () => {
  it.each([
    ["rowid", ["_t.rowid"], "_t.rowid", false, 1],
    ["repeated", ["_t.rowid"], "_t.rowid", false, 0],
    ["none", [], "", false, 0],
    ["one column", ['_t."a"'], '_t."a"', false, 1],
    ["two columns", ['_t."a"', '_t."b"'], '_t."a",_t."b"', false, 2],
    ["descending", ['_t."a"', '_t."b"'], '_t."a" DESC,_t."b" DESC', false, 2],
    ["both ways", ['_t."a"', '_t."b"'], '_t."a",_t."b" DESC', true, 2],
    ["collated", ['_t."a"', '_t."b"'], '_t."a" COLLATE "NOCASE",_t."b"', true, 2],
  ] as const)("puts rows in order: %s", (name, read, order, mixed, unique) => {
    const key: Key = keys[name];
    expect([keyExpressions(key), orderOf(key), isMixed(key)]).toEqual([read, order, mixed]);
    expect(keyColumns(key)).toHaveLength(unique);
  });

  it.each([
    ["rowid", 0, "(_t.rowid)>(+CAST(?1 AS INTEGER))"],
    ["repeated", 0, "_t.rowid>=+CAST(?1 AS INTEGER)"],
    ["one column", 0, '(_t."a")>(+CAST(?1 AS INTEGER))'],
    ["two columns", 0, '(_t."a",_t."b")>(+CAST(?1 AS INTEGER),+CAST(?2 AS INTEGER))'],
    ["descending", 0, '(_t."a",_t."b")<(+CAST(?1 AS INTEGER),+CAST(?2 AS INTEGER))'],
    ["both ways", 0, '_t."a">+CAST(?1 AS INTEGER)'],
    ["both ways", 1, '(_t."a"=+CAST(?1 AS INTEGER) AND _t."b"<+CAST(?2 AS INTEGER))'],
    ["collated", 0, '_t."a" COLLATE "NOCASE">+CAST(?1 AS INTEGER)'],
  ] as const)("goes on behind a row: %s, %i columns fixed", (name, fixed, sql) => {
    const key: Key = keys[name];
    const cells = keyExpressions(key).map((_expression, index) => ["i", String(index + 7)] as const);
    const found = after(key, cells, fixed);
    expect(found.sql).toBe(sql);
    expect(found.values).toEqual(["7", "8"].slice(0, found.values.length));
  });

  it.each([
    [["i", "9007199254740993"], "+CAST(?1 AS INTEGER)", "9007199254740993"],
    [["r", "-0.5"], "?1", -0.5],
    [["t", "c3a9"], "+CAST(?1 AS TEXT)", new Uint8Array([0xc3, 0xa9]).buffer],
    [["b", ""], "?1", new ArrayBuffer(0)],
  ] as const)("finds one row by a value of its own storage class: %j", (cell, parameter, value) => {
    expect(exactly(keys["one column"], [cell])).toEqual({ sql: `_t."a"=${parameter}`, values: [value] });
  });

  it("refuses too few values, and finds nothing without a key", () => {
    expect(() => exactly(keys["two columns"], [["i", "1"]])).toThrow("value 2 is missing");
    expect(exactly(keys.none, [])).toEqual({ sql: "0", values: [] });
  });
});
