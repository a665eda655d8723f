/** What generated columns are made of, by the definition of their table. */
import { expect, it } from "vitest";
import { sourcesOf } from "../../src/snapshot/generated-columns.ts";
import { readCatalog } from "../../src/schema/catalog.ts";
import { withDatabase } from "../support/database.ts";

it.each([
  ["a INTEGER PRIMARY KEY, b, g AS (a % 10)", "a"],
  ["a INTEGER PRIMARY KEY, b, g TEXT GENERATED ALWAYS AS (b || 'a') STORED NOT NULL", "b"],
  ["a, b DEFAULT (1 + 2), h AS (g + b), f AS (a), g AS (f * 2) UNIQUE", "a"],
  ['a, b, h AS (g + b), g AS (h2 || "B"), h2 AS ([A])', "a,b"],
  ['a, b, "g" /* as (a) */ AS -- (a\n (b)', "b"],
  ["'a', `b`, g AS (iif(b, 'a', \"a\" <> '1')), CHECK (a AS NULL)".replace("a AS NULL", "a IS NULL"), "a,b"],
  ["a, b, g AS (\"main\" || 'a'), main AS (5)", ""],
  ["a, b, g INT CHECK (cast(b AS INT) > 0) AS (a COLLATE nocase), UNIQUE (g, b)", "a"],
  ['a, "b,(" , g AS ("b,(" || 1)', "b,("],
  ["a, É, é, g AS (é)", "é"],
])("of %s", async (columns, wanted) => {
  await withDatabase((sql) => {
    sql.exec(`CREATE TABLE t (${columns})`);
    const table = readCatalog(sql).tables.find(({ name }) => name === "t");
    if (table === undefined) throw new Error("There is no table");
    expect([...sourcesOf(table)("G")].toSorted().join(",")).toBe(wanted);
    expect([...sourcesOf(table)("a")]).toEqual(["a"]);
  });
});

it("of a column that was added later, and of any where there is no definition", async () => {
  await withDatabase((sql) => {
    sql.exec("CREATE TABLE t (a, b)");
    sql.exec("ALTER TABLE t ADD COLUMN g AS (b)");
    const table = readCatalog(sql).tables.find(({ name }) => name === "t");
    if (table === undefined) throw new Error("There is no table");
    expect([...sourcesOf(table)("g")]).toEqual(["b"]);
    expect([...sourcesOf({ ...table, sql: null })("g")].toSorted()).toEqual(["a", "b"]);
  });
});
