/** Tables whose names alone nearly fill a statement, brought to another object: each statement is one that it takes. */
import { expect, it } from "vitest";
import { Splitter } from "../../tools/lib/statements.ts";
import { textOf, warningsOf, withDatabase } from "../support/database.ts";

const columns = (count: number, bytes: number) => Array.from({ length: count }, (_, at) => `${"c".repeat(bytes)}${at}`);
const filled = (count: number, value: string) => `(${Array.from({ length: count }, () => value).join(",")})`;

it.each([
  ["99 names of 300 bytes, values of 400", 99, 300, "zeroblob(400)", 0],
  ["99 names of 300 bytes, texts of control characters", 99, 300, "printf('%.300c', char(1))", 0],
  ["99 names of 850 bytes, values of 400", 99, 850, "zeroblob(400)", 0],
  ["9 names of 9,900 bytes, large values", 9, 9_900, "zeroblob(100000)", 0],
  ["9 names of 9,900 bytes, small values", 9, 9_900, "1.5", 0],
  ["99 names of 950 bytes, of which it is said that they may be too much", 99, 950, "1", 1],
] as const)("%s", async (_, count, bytes, value, warnings) => {
  const made = await withDatabase((sql) => {
    sql.exec(`CREATE TABLE t (${columns(count, bytes).join(",")}, g AS (1))`); // so that INSERT names the columns
    for (const rows of [0, 1, 2, 17]) {
      sql.exec("DELETE FROM t");
      for (let row = 0; row < rows; row++) sql.exec(`INSERT INTO t VALUES ${filled(count, value)}`);
      textOf(sql, { target: "d1" }); // ends
    }
    return {
      file: textOf(sql, { target: "d1" }),
      rows: textOf(sql, { format: "csv" }),
      warnings: warningsOf(sql, { target: "d1" }),
    };
  });
  expect(made.warnings.length).toBe(warnings);
  if (warnings > 0) return;
  await withDatabase((sql) => {
    for (const statement of new Splitter().push(made.file)) sql.exec(statement);
    expect(textOf(sql, { format: "csv" })).toBe(made.rows);
  });
});
