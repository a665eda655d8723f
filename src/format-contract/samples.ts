/** Tables and values that formats are tried with. */

/** `sample` has several pages and every storage class; `empty` has no rows. */
export function sampleTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE sample (id INTEGER PRIMARY KEY, a, "b ""quoted""" TEXT, "c,d" REAL);
    CREATE TABLE empty (x TEXT, y);
    INSERT INTO sample VALUES (1, NULL, '', 0.5), (2, x'', 'tab' || char(9) || 'line' || char(10), -1e300),
      (9007199254740993, x'00ff', 'naïve 日本 😀 \\ "quoted"', 9e999), (9223372036854775807, -9223372036854775808, 'end', -9e999);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO sample SELECT 10 + i, CASE i % 5 WHEN 0 THEN zeroblob(i % 90) WHEN 1 THEN i ELSE 'value ' || i END,
        'text ' || i, i / 3.0 FROM n`);
}

/** Declared types, one of each affinity, and none. */
export const columnTypes = ["", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB"];

/** Values of every storage class and at its borders, as SQL. */
export const valueLiterals: readonly string[] = [
  "NULL",
  "0",
  "1",
  "-1",
  "9007199254740993",
  "-9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",

  "0.0",
  "-0.0",
  "0.1",
  "-2.5",
  "1e15",
  "1e16",
  "1e17",
  "1e21",
  "1e-4",
  "1e-5",
  "5e-324",
  "2.2250738585072014e-308",
  "1.7976931348623157e308",
  "123456789012345680.0",
  "9e999",
  "-9e999",
  "''",
  "'a'",
  "'it''s'",
  `'"'`,
  "','",
  "'\\'",
  "'=1+1'",
  "'+1'",
  "' a '",
  "'NULL'",
  "'null'",
  "'1'",
  "'1e3'",
  "'é日本😀'",
  "char(0)",
  "'a' || char(0) || 'b'",
  "char(9)",
  "char(10)",
  "char(13)",
  "'a' || char(13, 10) || 'b'",
  "char(1) || char(31)",
  "char(8232)",
  "char(65279) || 'bom'",
  `':["'`,
  "'[\"41\"]'",
  "'{}'",
  "'\\u0041'",
  "x''",
  "x'00'",
  "x'41'",
  "x'ff00'",
  "zeroblob(40)",
  "zeroblob(5000)",
  "x'deadbeef'",
  "CAST(x'ff' AS TEXT)",
  "CAST(x'61c328' AS TEXT)",
  "CAST(x'eda080' AS TEXT)",
];
