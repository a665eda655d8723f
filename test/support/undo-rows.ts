/** Random values for the tables of an undo log, and the rows that these begin with. */
import fc from "fast-check";

const pick = fc.constantFrom;
export const names = ["a", "b", "c", "d"] as const;
export const columnName = pick(...names);

/** One value as SQL: few of them, so that they meet. */
export const value = fc.oneof(
  { weight: 7, arbitrary: fc.integer({ min: 0, max: 4 }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9 }).map(String) },
  { weight: 3, arbitrary: pick("'x'", "'X'", "'x '", "'1'", "x'00ff'", "x'41'", "2.0", "2.5", "-0.0", "-1", "1e300") },
  { weight: 1, arbitrary: fc.constant("NULL") },
);

/** Expressions that fail: for text that is no JSON, BLOBs, labels that are no text, NULL, and for -1, which an automatic key shows as. */
export const fallible = [
  "json_extract(_, '$.x')",
  "json_object(_, ~)",
  "json_array(_, ~)",
  "ifnull(_, '{') -> '$'",
  "abs(_ - 9223372036854775807)",
] as const;

/** The values of one row of `t`. */
export const row = fc.tuple(value, value, value, value).map((values) => values.join(","));

/** Rows to begin with: of more values, so that there are some although much must be unique. */
const wide = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 30 }).map(String) }, value);
const number = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 40 }).map(String) }, value);
export const rows = fc
  .tuple(
    fc.array(fc.tuple(pick("", " OR IGNORE", " OR REPLACE"), number, wide, wide, wide), {
      minLength: 4,
      maxLength: 20,
    }),
    fc.array(fc.tuple(number, wide), { maxLength: 6 }),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.tuple(pick(...fallible), columnName, columnName) },
    ),
  )
  .map(([own, others, late]) => [
    ...own.map(([on, ...values]) => `INSERT${on} INTO t (a, b, c, d) VALUES (${values.join(", ")})`),
    ...others.map(([x, y]) => `INSERT INTO u (x, y) VALUES (${x}, ${y})`),
    ...(late === null ? [] : [addedColumn(...late)]),
  ]);

/** A column that nobody has computed yet: that may fail for the rows that there are. STRICT tables want a type. */
function addedColumn(text: string, one: string, other: string): string {
  return `ALTER TABLE t ADD COLUMN late ANY AS (${text.replaceAll("_", one).replaceAll("~", other)})`;
}
