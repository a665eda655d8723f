/** What is done to the random tables of an undo log. */
import fc from "fast-check";
import { columnName, row, value } from "./undo-rows.ts";

const pick = fc.constantFrom;
export const or = pick("", "", " OR REPLACE", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ABORT"); // not OR ROLLBACK: workerd resets the object for it
const some = fc.oneof(
  fc.tuple(columnName, pick("=", "<", ">", "IS"), value).map(([name, sign, one]) => ` WHERE ${name} ${sign} ${one}`),
  pick("", " WHERE rowid % 2", " WHERE a % 2"),
);
const target = pick("", "(a)", "(b)", "(c)", "(a, b)");
/** A key that SQLite computes twice (docs/decisions/0038), so that a trigger may have seen another one. */
const drawn = pick("abs(random()) % 10", "abs(random() % 4)", "(SELECT max(a) FROM t)", "1 + abs(random() % 20)");

/** One statement that changes rows of `t` or `u`; some fail. */
export const change = fc.oneof(
  fc.tuple(or, row).map(([on, values]) => `INSERT${on} INTO t (a, b, c, d) VALUES (${values})`),
  fc.tuple(or, row, row).map(([on, one, two]) => `INSERT${on} INTO t (a, b, c, d) VALUES (${one}), (${two})`),
  fc.tuple(or, value, value).map(([on, b, c]) => `INSERT${on} INTO t (b, c) VALUES (${b}, ${c})`),
  fc.tuple(or, value, value).map(([on, b, c]) => `INSERT${on} INTO t (b, c) VALUES (${b}, ${c}), (${c}, ${b})`),
  fc.tuple(or, drawn, value).map(([on, a, b]) => `INSERT${on} INTO t (a, b) VALUES (${a}, ${b})`),
  fc.tuple(or, drawn, value).map(([on, a, b]) => `INSERT${on} INTO t (rowid, b) VALUES (${a}, ${b})`),
  fc
    .tuple(or, columnName, columnName, some)
    .map(([on, one, two, where]) => `INSERT${on} INTO t (a, b, c) SELECT ${one}, ${two}, d FROM t${where}`),
  fc.tuple(or, columnName, some).map(([on, one, where]) => `INSERT${on} INTO t (b, c) SELECT ${one}, d FROM t${where}`),
  fc
    .tuple(row, target, columnName, value)
    .map(
      ([values, on, name, to]) =>
        `INSERT INTO t (a, b, c, d) VALUES (${values}) ON CONFLICT ${on} DO UPDATE SET ${name} = ${to}`,
    ),
  fc
    .tuple(row, target, columnName)
    .map(
      ([values, on, name]) =>
        `INSERT INTO t (a, b, c, d) VALUES (${values}) ON CONFLICT ${on} DO UPDATE SET ${name} = excluded.d RETURNING *`,
    ),
  fc
    .tuple(value, value)
    .map(
      ([b, c]) =>
        `INSERT INTO t (b, c) VALUES (${b}, ${c}), (${c}, 1) ON CONFLICT DO UPDATE SET c = excluded.b, d = t.d + 1 WHERE t.b IS NOT 5`,
    ),
  fc.tuple(or, columnName, value, some).map(([on, name, to, where]) => `UPDATE${on} t SET ${name} = ${to}${where}`),
  fc
    .tuple(or, columnName, columnName, some)
    .map(([on, one, two, where]) => `UPDATE${on} t SET ${one} = ${two}, ${two} = ${one}${where}`),
  fc
    .tuple(or, columnName, fc.integer({ min: -9, max: 9 }))
    .map(([on, name, by]) => `UPDATE${on} t SET ${name} = ${name} + ${by}`),
  fc.tuple(or, columnName).map(([on, name]) => `UPDATE${on} t SET ${name} = u.y FROM u WHERE u.x = t.a`),
  fc
    .tuple(or, columnName, columnName)
    .map(([on, name, by]) => `UPDATE${on} t SET ${name} = o.${by} FROM t AS o WHERE o.a = t.a + 1 RETURNING *`),
  fc.tuple(or, value, some).map(([on, to, where]) => `UPDATE${on} t SET rowid = ${to}${where}`),
  some.map((where) => `DELETE FROM t${where}`),
  fc.tuple(or, value, value).map(([on, x, y]) => `INSERT${on} INTO u (x, y) VALUES (${x}, ${y})`),
  fc.tuple(or, value).map(([on, y]) => `INSERT${on} INTO u (y) VALUES (${y})`),
  fc.tuple(or, drawn, value).map(([on, x, y]) => `INSERT${on} INTO u (x, y) VALUES (${x}, ${y})`),
  pick(
    "DELETE FROM t",
    "DELETE FROM u",
    "UPDATE u SET x = y",
    "UPDATE OR REPLACE u SET y = x + 1",
    "DELETE FROM sqlite_sequence",
    "INSERT OR REPLACE INTO t DEFAULT VALUES",
    "DELETE FROM t WHERE a = (SELECT max(a) FROM t) RETURNING *",
  ),
  fc.tuple(or).map(([on]) => `INSERT${on} INTO t (a, b, c, d) SELECT a, b, c, d FROM t`),
);
