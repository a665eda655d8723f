/**
 * Random databases for an undo log with what is done to them: any, and small ones of few values, made for what any seldom show, as a
 * schema, its rows and a statement have to go together for it.
 */
import fc from "fast-check";
import { change, or } from "./undo-changes.ts";
import { few } from "./undo-deeds.ts";
import { clause, schema } from "./undo-schemas.ts";
import { fallible, rows, value } from "./undo-rows.ts";

const pick = fc.constantFrom;
const key = pick("INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY", "PRIMARY KEY", "UNIQUE");
const stored = pick("", " STORED");
const [row, third, fourth] = [fc.integer({ min: 1, max: 9 }), pick(0, 1, 2), pick(0, 1, 2, 3)];

/** Most pairs of some values of `b` and `c`, so that a row that gets another value of one of them has that of another row. */
const pairs = [0, 1, 2].flatMap((b) => [0, 1, 2, 3].map((c) => [b, c] as const));
const closeRows = fc
  .tuple(fc.shuffledSubarray(pairs, { minLength: 5, maxLength: 10 }), fc.array(pick("0", "1", "2", "NULL")))
  .map(([some, last]) =>
    some.map(
      ([b, c], at) =>
        `INSERT OR IGNORE INTO t (a, b, c, d) VALUES (${at + 1}, ${b}, ${c}, ${last[at % last.length] ?? "1"})`,
    ),
  );

/** Generated columns that must be unique and are made of `b` and `c`; `_` is for STORED, `~` for a conflict clause, and `;` ends the table. */
const madeOfBoth = pick(
  "g AS (b || '-' || c)_ UNIQUE~",
  "g AS (b || '-' || c)_ UNIQUE~",
  "g AS (ifnull(b, 7) || c)_ UNIQUE~",
  "g AS (4 * b + c)_ NOT NULL UNIQUE~",
  "f AS (b || '-' || c), g AS (f || '!')_ UNIQUE~",
  "f AS (c), h AS (b)_, g AS (f || h) UNIQUE~",
  "g AS (c)_, UNIQUE (g, b)~",
  "g AS (b || '-' || c)_, UNIQUE (d, g)~",
  "g AS (b || '-' || c)_; CREATE UNIQUE INDEX i ON t (g) WHERE d > 0",
);

/** A trigger of the host's that changes one of them once more, behind the values that the statement gives. */
const rewriting = fc
  .tuple(
    pick(["", "c"], ["", "b"], [" OF b", "c"], [" OF b", "c"], [" OF c", "b"], [" OF b, d", "b"]),
    fc.oneof(fourth.map(String), pick("(_ + 1) % 3", "_ + 1", "d", "NULL")),
    pick(" OR REPLACE", " OR REPLACE", " OR IGNORE"),
  )
  .map(
    ([[of = "", to = "c"], by, on]) =>
      `CREATE TRIGGER h0 BEFORE UPDATE${of} ON t WHEN ${few} BEGIN UPDATE${on} t SET ${to} = ${by.replace("_", to)} WHERE a IS OLD.a; END`,
  );

const close = fc
  .tuple(
    key,
    madeOfBoth,
    stored,
    clause,
    fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: rewriting }),
  )
  .map(([a, made, kept, on, trigger]) => {
    const [columns = "", ...indexes] = made.replace("_", kept).replace("~", on).split("; ");
    return [
      "PRAGMA recursive_triggers=0",
      `CREATE TABLE t (a ${a}, b, c, d, ${columns})`,
      ...indexes,
      "CREATE TABLE u (x, y)",
      ...(trigger === null ? [] : [trigger]),
    ];
  });

const closeChange = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(third, row).map(([b, a]) => `UPDATE OR REPLACE t SET b = ${b} WHERE a = ${a}`) },
  { weight: 2, arbitrary: fc.tuple(fourth, row).map(([c, a]) => `UPDATE OR REPLACE t SET c = ${c} WHERE a = ${a}`) },
  fc.tuple(or, third, fourth, row).map(([on, b, d, a]) => `UPDATE${on} t SET b = ${b}, d = ${d} WHERE a = ${a}`),
  fc.tuple(or, fourth, row).map(([on, c, a]) => `UPDATE${on} t SET c = ${c}, a = a + 20 WHERE a = ${a}`),
  fc
    .tuple(or, row, row)
    .map(([on, one, two]) => `UPDATE${on} t SET b = o.b FROM t AS o WHERE o.a = ${one} AND t.a = ${two}`),
  fc.tuple(row, third).map(([a, b]) => `INSERT INTO t (a) VALUES (${a}) ON CONFLICT (a) DO UPDATE SET b = ${b}`),
  fc.tuple(or, third, fourth).map(([on, b, c]) => `INSERT${on} INTO t (a, b, c, d) VALUES (30, ${b}, ${c}, 1)`),
);

/** Columns that cannot be computed from -1, as which a key that is to be drawn shows, or from NULL, or are something else then; `_` is for STORED. */
const madeOfKey = pick(
  `g AS (${fallible[4].replace("_", "a")})_`,
  `f AS (a - 9223372036854775807), g AS (abs(f))_`,
  "g AS (json_extract('[1,2]', '$[' || a || ']'))_",
  "g AS (json_object(b || '', a))_",
  "g AS (json_object('k' || b, c))_",
  "g AS (json_array(c, a))_",
  "g AS (a % 4)_ UNIQUE",
  "g AS (a % 7)_, UNIQUE (d, g)",
);
const automatic = fc
  .tuple(
    pick("", " AUTOINCREMENT"),
    madeOfKey,
    stored,
    pick("", "", " UNIQUE"),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: pick("BEFORE INSERT", "AFTER INSERT", "BEFORE UPDATE", "BEFORE UPDATE OF c") },
    ),
  )
  .map(([word, made, kept, unique, event]) => [
    "PRAGMA recursive_triggers=0",
    `CREATE TABLE t (a INTEGER PRIMARY KEY${word}, b DEFAULT 'b', c${unique}, d, ${made.replace("_", kept)})`,
    "CREATE TABLE u (x, y)",
    ...(event === null
      ? []
      : [`CREATE TRIGGER h0 ${event} ON t WHEN ${few} BEGIN INSERT INTO u (x, y) VALUES (NEW.a, NEW.c); END`]),
  ]);
const automaticChange = fc.oneof(
  fc.tuple(or, value, value).map(([on, b, c]) => `INSERT${on} INTO t (b, c) VALUES (${b}, ${c})`),
  fc.tuple(or, value).map(([on, c]) => `INSERT${on} INTO t (a, c) VALUES (NULL, ${c})`),
  fc.tuple(or, value, row).map(([on, c, a]) => `UPDATE${on} t SET c = ${c} WHERE a = ${a}`),
  fc.tuple(or, value, row).map(([on, b, a]) => `UPDATE${on} t SET b = ${b} WHERE a > ${a}`),
);

/** Tables whose triggers insert into `u` again, deeper than SQLite lets triggers go, and do something in `t` on the way. */
const nested = fc
  .tuple(
    pick("(a UNIQUE, b, c, d)", "(a INTEGER PRIMARY KEY, b, c, d)", "(a, b, c, d, g AS (b || c) UNIQUE)"),
    pick("(x, y)", "(x INTEGER PRIMARY KEY, y)", "(x INTEGER PRIMARY KEY AUTOINCREMENT, y UNIQUE)", "(x, y UNIQUE)"),
    or,
    pick("", "", " WHEN NEW.x < 6", " WHEN NEW.x < 30"),
    pick("NEW.x + 1, NEW.y + 1", "NEW.x, 0", "NEW.x + 1, NEW.y", "NULL, NEW.y + 1"),
    pick(
      "",
      "UPDATE OR REPLACE t SET a = NULL WHERE a = NEW.x; ",
      "UPDATE t SET b = NEW.x; ",
      "INSERT OR REPLACE INTO t (a, b, c) VALUES (NEW.x, NEW.y, 1); ",
      "DELETE FROM t WHERE a = NEW.x; ",
    ),
    pick("AFTER", "AFTER", "BEFORE"),
    pick(0, 1, 1, 1),
  )
  .map(([t, u, on, condition, values, deed, when, recursive]) => [
    "PRAGMA recursive_triggers=0",
    `CREATE TABLE t ${t}`,
    `CREATE TABLE u ${u}`,
    `CREATE TRIGGER h0 ${when} INSERT ON u${condition} BEGIN ${deed}INSERT${on} INTO u (x, y) VALUES (${values}); END`,
    ...(recursive === 0 ? [] : ["PRAGMA recursive_triggers=1"]),
  ]);
const nestedChange = fc.oneof(
  fc.tuple(or, row, row).map(([on, x, y]) => `INSERT${on} INTO u (x, y) VALUES (${x}, ${y})`),
  fc.tuple(or, row, row).map(([on, x, y]) => `INSERT${on} INTO u (x, y) VALUES (${x}, ${y}), (${y}, ${x})`),
  fc.tuple(or, row).map(([on, a]) => `INSERT${on} INTO u (x, y) SELECT b, c FROM t WHERE a > ${a}`),
  fc.tuple(row, row).map(([x, by]) => `UPDATE OR REPLACE u SET y = y + ${by} WHERE x = ${x}`),
  pick("DELETE FROM u", "DELETE FROM u WHERE x > 4"),
);

/** A database: the statements that make it, some of which may fail, its rows, and what is done to it. */
interface Database<Changes> {
  readonly statements: readonly string[];
  readonly inserts: readonly string[];
  readonly changes: Changes;
}

/** Random databases; `some` makes of statements what is drawn of them. */
export function databaseWith<Changes>(
  some: (one: fc.Arbitrary<string>) => fc.Arbitrary<Changes>,
): fc.Arbitrary<Database<Changes>> {
  const mixed = (own: fc.Arbitrary<string>) =>
    some(fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: change }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ statements: schema, inserts: rows, changes: some(change) }) },
    { weight: 2, arbitrary: fc.record({ statements: close, inserts: closeRows, changes: mixed(closeChange) }) },
    { weight: 1, arbitrary: fc.record({ statements: automatic, inserts: closeRows, changes: mixed(automaticChange) }) },
    { weight: 1, arbitrary: fc.record({ statements: nested, inserts: closeRows, changes: mixed(nestedChange) }) },
  );
}
