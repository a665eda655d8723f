/**
 * Random tables for an undo log: keys of every kind, constraints with conflict clauses, generated columns, foreign keys, triggers of the host's
 * that write, rewrite, refuse, fail deep inside or cannot run at all.
 */
import fc from "fast-check";
import { fallible, names } from "./undo-rows.ts";
import { trigger } from "./undo-deeds.ts";

const pick = fc.constantFrom;
const indexed = pick(...names, "g", "g", "h");
const collation = pick("", "", "", " COLLATE NOCASE", " COLLATE RTRIM");
export const clause = pick("", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " ON CONFLICT FAIL");
const action = pick("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION");

const column = fc.record({
  type: pick("", "", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "ANY"),
  collation,
  notNull: pick("", "", "", "", " NOT NULL DEFAULT 1", " NOT NULL ON CONFLICT REPLACE DEFAULT 'x'", " DEFAULT 2"),
  unique: fc.oneof(
    { weight: 9, arbitrary: fc.constant("") },
    { weight: 1, arbitrary: clause.map((one) => ` UNIQUE${one}`) },
  ),
});

/** A generated column: what of, by which expression, and what must be unique. */
const generated = fc.record({
  expression: fc
    .tuple(
      pick(
        "_ % 5",
        "_ % 12",
        "_ || '!'",
        "_ || '-' || ~",
        "_ || '-' || ~",
        "(_ % 12) || '-' || ~",
        "ifnull(_, 7)",
        "_ + ~",
        "~ IS NULL OR _",
        "CAST(_ AS TEXT)",
        "CAST(_ AS TEXT)",
        fallible[0],
        fallible[1],
        fallible[3],
        fallible[4],
      ),
      pick("a", "a", "a", "b", "b", "c", "d"),
      pick(...names, "g"),
    )
    .map(([text, one, other]): [string, string, string] => [text, one, other]),
  stored: pick("", " STORED"),
  unique: fc.oneof(
    fc.constant(""),
    clause.map((one) => ` UNIQUE${one}`),
  ),
  notNull: pick("", "", "", " NOT NULL"),
});

const keyColumns = fc
  .subarray([...names], { minLength: 1, maxLength: 3 })
  .chain((list) => fc.tuple(...list.map((name) => fc.tuple(fc.constant(name), collation, pick("", " DESC")))));
const indexColumns = fc.array(fc.tuple(indexed, collation, pick("", " DESC")), { minLength: 1, maxLength: 3 });
const key = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: pick("none", "integer", "integer", "autoincrement"),
      columns: fc.constant([]),
      clause,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: pick("index", "without"), columns: keyColumns, clause }) },
);

const list = (some: readonly (readonly string[])[]) => some.map((parts) => parts.join("")).join(", ");

interface Named {
  /** The statement. */
  readonly sql: string;
  /** How many generated columns there are: `g`, then `h`. */
  readonly generated: number;
}

/** A name that the table has, in place of a generated column that it has not. */
const known = (name: string, count: number): string =>
  name === "h" && count < 2 ? known("g", count) : name === "g" && count < 1 ? "b" : name;

const table: fc.Arbitrary<Named> = fc
  .record({
    columns: fc.tuple(column, column, column, column),
    key,
    uniques: fc.array(fc.tuple(indexColumns, clause), { maxLength: 1 }),
    made: fc.array(generated, { maxLength: 2 }),
    check: pick("", "", "", ", CHECK (b <> 8)"),
    self: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: action }),
    isStrict: pick(true, false, false),
  })
  .map(({ columns, key: { kind, columns: keys, clause: onKey }, uniques, made, check, self, isStrict }) => {
    const strict = isStrict && columns.every(({ type }) => type !== "" && type !== "NUMERIC");
    const plain = strict ? columns : columns.map((one) => ({ ...one, type: one.type === "ANY" ? "" : one.type }));
    const defined = plain.map(({ type, collation: by, notNull, unique }, at) => {
      const isKey = at === 0 && (kind === "integer" || kind === "autoincrement");
      const word = kind === "autoincrement" ? " AUTOINCREMENT" : "";
      return isKey ? `a INTEGER PRIMARY KEY${onKey}${word}` : `${names[at]} ${type}${notNull}${by}${unique}`;
    });
    const generatedColumns = made.map(({ expression: [text, one, other], stored, unique, notNull }, at) => {
      const expression = text.replaceAll("_", at === 1 && one === "b" ? "g" : one).replaceAll("~", known(other, at));
      return `${at === 0 ? "g" : "h"}${strict ? " ANY" : ""} AS (${expression})${stored}${notNull}${unique}`;
    });
    const columnsOf = (some: readonly (readonly [string, string, string])[]) =>
      list(some.map(([name, by]) => [known(name, made.length), by]));
    const parts = [
      ...defined,
      ...generatedColumns,
      ...(keys.length > 0 ? [`PRIMARY KEY (${list(keys)})${onKey}`] : []),
      ...uniques.map(([some, on]) => `UNIQUE (${columnsOf(some)})${on}`),
      ...(self === null ? [] : [`FOREIGN KEY (d) REFERENCES t(a) ON DELETE ${self} ON UPDATE ${self}`]),
    ];
    const options = [kind === "without" ? "WITHOUT ROWID" : "", strict ? "STRICT" : ""].filter((one) => one !== "");
    return { sql: `CREATE TABLE t (${parts.join(", ")}${check}) ${options.join(", ")}`, generated: made.length };
  });

const index = fc
  .tuple(indexColumns, pick("", "", " WHERE b > 1", " WHERE c IS NOT NULL", " WHERE d = 1", " WHERE g IS NOT 1"))
  .map(([some, where]) => (at: number, count: number) => {
    const columns = some.map(([name, ...rest]) => [known(name, count), ...rest]);
    return `CREATE UNIQUE INDEX i${at} ON t (${list(columns)})${where.replace("g", known("g", count))}`;
  });

/** A table of its own, or one whose rows belong to `t`'s; for that, a parent's column must be unique. */
const child = fc.oneof(
  pick(
    ["CREATE TABLE u (x, y)"],
    ["CREATE TABLE u (x INTEGER PRIMARY KEY, y UNIQUE)"],
    ["CREATE TABLE u (x INTEGER PRIMARY KEY AUTOINCREMENT, y, z AS (x || y) UNIQUE)"],
    ["CREATE TABLE u (x INTEGER PRIMARY KEY, y, z AS (x % 3) STORED UNIQUE ON CONFLICT REPLACE)"],
    ["CREATE TABLE u (x PRIMARY KEY, y UNIQUE ON CONFLICT REPLACE) WITHOUT ROWID"],
  ),
  fc
    .tuple(action, action)
    .map(([onDelete, onUpdate]) => [
      "CREATE UNIQUE INDEX parents ON t (a)",
      `CREATE TABLE u (x DEFAULT 3 REFERENCES t(a) ON DELETE ${onDelete} ON UPDATE ${onUpdate}, y)`,
    ]),
);

/** Statements that make a database; some of them may fail. */
export const schema = fc
  .tuple(
    table,
    fc.array(index, { maxLength: 2 }),
    fc.oneof(
      { weight: 12, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: pick("a % 3", "b || c", "ifnull(d, 1)") },
    ),
    child,
    fc.array(trigger, { maxLength: 3 }),
    pick(0, 0, 1),
  )
  .map(([first, indexes, expression, other, triggers, recursive]) => [
    "PRAGMA recursive_triggers=0",
    first.sql,
    ...indexes.map((make, at) => make(at, first.generated)),
    ...(expression === "" ? [] : [`CREATE UNIQUE INDEX e ON t (${expression})`]),
    ...other,
    ...triggers.map((make, at) => make(at)),
    ...(recursive === 0 ? [] : ["PRAGMA recursive_triggers=1"]),
  ]);
