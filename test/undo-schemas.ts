/** Random tables for an undo log: keys of every kind, constraints with conflict clauses, foreign keys, triggers of the host's; and what is done to them. */
import fc from "fast-check";

const pick = fc.constantFrom;
const names = ["a", "b", "c", "d"] as const;
const columnName = pick(...names);
const collation = pick("", "", "", " COLLATE NOCASE", " COLLATE RTRIM");
const clause = pick("", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " ON CONFLICT FAIL");
const action = pick("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION");

/** One value as SQL: few of them, so that they meet. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }).map(String) },
  { weight: 3, arbitrary: pick("'x'", "'X'", "'x '", "'1'", "x'00ff'", "x'41'", "2.0", "2.5", "-0.0", "-1", "1e300") },
  { weight: 1, arbitrary: fc.constant("NULL") },
);

const column = fc.record({
  type: pick("", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "ANY"),
  collation,
  notNull: pick("", "", "", " NOT NULL DEFAULT 1", " NOT NULL ON CONFLICT REPLACE DEFAULT 'x'", " DEFAULT 2"),
  unique: fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    { weight: 1, arbitrary: clause.map((one) => ` UNIQUE${one}`) },
  ),
});

const keyColumns = fc
  .subarray([...names], { minLength: 1, maxLength: 3 })
  .chain((list) => fc.tuple(...list.map((name) => fc.tuple(fc.constant(name), collation, pick("", " DESC")))));
const key = fc.oneof(
  fc.record({ kind: pick("none", "integer", "autoincrement"), columns: fc.constant([]), clause }),
  fc.record({ kind: pick("index", "without"), columns: keyColumns, clause }),
);

const table = fc
  .record({
    columns: fc.tuple(column, column, column, column),
    key,
    uniques: fc.array(fc.tuple(keyColumns, clause), { maxLength: 2 }),
    generated: pick(
      "",
      "",
      ", g AS (b || '!')",
      ", g AS (b || c) STORED",
      ", g AS (ifnull(c, 7)) UNIQUE",
      ", g AS (b || '!') UNIQUE",
    ),
    check: pick("", "", "", ", CHECK (b <> 8)"),
    self: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: action }),
    isStrict: fc.boolean(),
  })
  .map(({ columns, key: { kind, columns: keys, clause: onKey }, uniques, generated, check, self, isStrict }) => {
    const list = (some: readonly (readonly string[])[]) => some.map((parts) => parts.join("")).join(", ");
    const strict = isStrict && columns.every(({ type }) => type !== "" && type !== "NUMERIC");
    const plain = strict ? columns : columns.map((one) => ({ ...one, type: one.type === "ANY" ? "" : one.type }));
    const defined = plain.map(({ type, collation: by, notNull, unique }, at) => {
      const isKey = at === 0 && (kind === "integer" || kind === "autoincrement");
      const word = kind === "autoincrement" ? " AUTOINCREMENT" : "";
      return isKey ? `a INTEGER PRIMARY KEY${onKey}${word}` : `${names[at]} ${type}${notNull}${by}${unique}`;
    });
    const typed = strict ? generated.replace("g AS", "g ANY AS") : generated;
    const parts = [
      defined.join(", ") + typed,
      ...(keys.length > 0 ? [`PRIMARY KEY (${list(keys)})${onKey}`] : []),
      ...uniques.map(([some, on]) => `UNIQUE (${list(some.map(([name, by]) => [name, by]))})${on}`),
      ...(self === null ? [] : [`FOREIGN KEY (d) REFERENCES t(a) ON DELETE ${self} ON UPDATE ${self}`]),
    ];
    const options = [kind === "without" ? "WITHOUT ROWID" : "", strict ? "STRICT" : ""].filter((one) => one !== "");
    return `CREATE TABLE t (${parts.join(", ")}${check}) ${options.join(", ")}`;
  });

const index = fc
  .tuple(keyColumns, pick("", " WHERE b > 1", " WHERE c IS NOT NULL"))
  .map(
    ([list, where], at = 0) =>
      `CREATE UNIQUE INDEX i${list.length}${at} ON t (${list.map((parts) => parts.join("")).join(", ")})${where}`,
  );

/** A table of its own, or one whose rows belong to `t`'s; for that, a parent's column must be unique. */
const child = fc.oneof(
  fc.constant(["CREATE TABLE u (x, y)"]),
  fc
    .tuple(action, action)
    .map(([onDelete, onUpdate]) => [
      "CREATE UNIQUE INDEX parents ON t (a)",
      `CREATE TABLE u (x DEFAULT 3 REFERENCES t(a) ON DELETE ${onDelete} ON UPDATE ${onUpdate}, y)`,
    ]),
);

/** What a trigger of the host's does. */
const deed = fc.oneof(
  fc
    .tuple(columnName, value, columnName, value)
    .map(([to, one, where, like]) => `UPDATE OR REPLACE t SET ${to} = ${one} WHERE ${where} = ${like};`),
  fc.tuple(columnName, value).map(([where, like]) => `DELETE FROM t WHERE ${where} = ${like};`),
  fc.tuple(value, value, value).map((values) => `INSERT OR REPLACE INTO t (a, b, c) VALUES (${values.join(", ")});`),
  fc.tuple(value, value).map(([x, y]) => `INSERT INTO u VALUES (${x}, ${y});`),
  fc.constant("UPDATE u SET y = 4;"),
  pick(
    "SELECT RAISE(IGNORE) WHERE random() % 5 = 0;",
    "SELECT RAISE(ABORT, 'no') WHERE random() % 5 = 0;",
    "SELECT RAISE(FAIL, 'no') WHERE random() % 7 = 0;",
  ),
);
const trigger = fc
  .tuple(
    pick("BEFORE", "AFTER"),
    pick("INSERT", "UPDATE", "DELETE", "UPDATE OF a", "UPDATE OF b"),
    pick("t", "t", "u"),
    fc.array(deed, { minLength: 1, maxLength: 2 }),
  )
  .map(
    ([when, event, on, deeds]) =>
      `CREATE TRIGGER h${when}${event.replaceAll(" ", "")}${on} ${when} ${event} ON ${on} WHEN random() % 2 BEGIN ${deeds.join(" ")} END`,
  );

/** Statements that make a database; some of them may fail. */
export const schema = fc
  .tuple(
    table,
    fc.array(index, { maxLength: 2 }),
    child,
    fc.array(trigger, { maxLength: 3 }),
    pick("", "", "PRAGMA recursive_triggers=1"),
  )
  .map(([first, indexes, other, triggers, pragma]) => [
    "PRAGMA recursive_triggers=0",
    first,
    ...indexes,
    ...other,
    ...triggers,
    ...(pragma === "" ? [] : [pragma]),
  ]);

/** The values of one row of `t`. */
export const row = fc.tuple(value, value, value, value).map((values) => values.join(","));

const or = pick("", "", " OR REPLACE", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ABORT"); // not OR ROLLBACK: workerd resets the object for it
const some = fc.oneof(
  fc.tuple(columnName, pick("=", "<", ">", "IS"), value).map(([name, sign, one]) => ` WHERE ${name} ${sign} ${one}`),
  pick("", " WHERE rowid % 2", " WHERE a % 2"),
);
const target = pick("", "(a)", "(b)", "(c)", "(a, b)");

/** One statement that changes rows of `t` or `u`; some fail. */
export const change = fc.oneof(
  fc.tuple(or, row).map(([on, values]) => `INSERT${on} INTO t (a, b, c, d) VALUES (${values})`),
  fc.tuple(or, row, row).map(([on, one, two]) => `INSERT${on} INTO t (a, b, c, d) VALUES (${one}), (${two})`),
  fc.tuple(or, value, value).map(([on, b, c]) => `INSERT${on} INTO t (b, c) VALUES (${b}, ${c})`),
  fc
    .tuple(or, columnName, columnName, some)
    .map(([on, one, two, where]) => `INSERT${on} INTO t (a, b, c) SELECT ${one}, ${two}, d FROM t${where}`),
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
  fc.tuple(or, columnName, value, some).map(([on, name, to, where]) => `UPDATE${on} t SET ${name} = ${to}${where}`),
  fc
    .tuple(or, columnName, columnName, some)
    .map(([on, one, two, where]) => `UPDATE${on} t SET ${one} = ${two}, ${two} = ${one}${where}`),
  fc
    .tuple(or, columnName, fc.integer({ min: -9, max: 9 }))
    .map(([on, name, by]) => `UPDATE${on} t SET ${name} = ${name} + ${by}`),
  fc.tuple(or, columnName).map(([on, name]) => `UPDATE${on} t SET ${name} = u.y FROM u WHERE u.x = t.a`),
  fc.tuple(or, value, some).map(([on, to, where]) => `UPDATE${on} t SET rowid = ${to}${where}`),
  some.map((where) => `DELETE FROM t${where}`),
  fc.tuple(or, value, value).map(([on, x, y]) => `INSERT${on} INTO u VALUES (${x}, ${y})`),
  pick(
    "DELETE FROM t",
    "DELETE FROM u",
    "UPDATE u SET x = y",
    "UPDATE u SET y = x + 1",
    "DELETE FROM sqlite_sequence",
    "INSERT OR REPLACE INTO t SELECT * FROM t",
  ),
);
