/** Random triggers of a host's on the tables of an undo log: they write, rewrite, refuse, or cannot run at all. */
import fc from "fast-check";
import { columnName, value } from "./undo-rows.ts";

const pick = fc.constantFrom;

/** What a trigger of the host's does; `@` is the row that it is about. */
const deed = fc.oneof(
  fc
    .tuple(columnName, value, columnName, value)
    .map(([to, one, where, like]) => `UPDATE OR REPLACE t SET ${to} = ${one} WHERE ${where} = ${like};`),
  fc
    .tuple(pick("", " OR REPLACE"), columnName, value)
    .map(([on, to, one]) => `UPDATE${on} t SET ${to} = ${one} WHERE a IS @.a;`),
  fc.tuple(columnName, value).map(([where, like]) => `DELETE FROM t WHERE ${where} = ${like};`),
  fc.tuple(value, value, value).map((values) => `INSERT OR REPLACE INTO t (a, b, c) VALUES (${values.join(", ")});`),
  fc.tuple(columnName, value).map(([from, to]) => `INSERT OR IGNORE INTO t (b, c) VALUES (@.${from}, ${to});`),
  fc.tuple(value, value).map(([x, y]) => `INSERT INTO u (x, y) VALUES (${x}, ${y});`),
  fc.tuple(columnName).map(([from]) => `INSERT OR REPLACE INTO u (y) VALUES (@.${from});`),
  pick("UPDATE u SET y = 4;", "DELETE FROM u WHERE x = @.a;", "UPDATE OR REPLACE u SET x = x + 1;"),
  pick(
    "SELECT RAISE(IGNORE) WHERE random() % 5 = 0;",
    "SELECT RAISE(ABORT, 'no') WHERE random() % 5 = 0;",
    "SELECT RAISE(FAIL, 'no') WHERE random() % 7 = 0;",
  ),
);

/**
 * Triggers do nothing where there are more rows: one that changes each row of the other table, for each row of which another one inserts,
 * would double it for each row that a single statement changes. The same with a log and without one.
 */
export const few = "(SELECT count(*) < 24 FROM t) AND (SELECT count(*) < 24 FROM u)";

export const trigger = fc
  .record({
    when: pick("BEFORE", "BEFORE", "AFTER"),
    event: pick("INSERT", "UPDATE", "UPDATE", "DELETE", "UPDATE OF a", "UPDATE OF b"),
    on: pick("t", "t", "u"),
    condition: pick(" AND random() % 2", " AND random() % 2", ""),
    deeds: fc.array(deed, { minLength: 1, maxLength: 2 }),
    broken: fc.oneof(
      { weight: 9, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: pick("SELECT unknown_fn(1); ", "UPDATE gone SET a = 1; ", "UPDATE u SET missing = 1; ") },
    ),
  })
  .map(({ when, event, on, condition, deeds, broken }) => (at: number) => {
    const from = event === "DELETE" || (when === "BEFORE" && event !== "INSERT") ? "OLD" : "NEW";
    const about = (name: string) => (on === "t" ? name : name === "a" || name === "c" ? "x" : "y");
    const body = deeds.join(" ").replaceAll(/@\.(\w)/g, (_, name: string) => `${from}.${about(name)}`);
    const what = on === "u" ? event.replace(/OF .*/, "") : event;
    return `CREATE TRIGGER h${at} ${when} ${what} ON ${on} WHEN ${few}${condition} BEGIN ${broken}${body} END`;
  });

/** True for a trigger that cannot run, as it says what there is not. */
export const isBroken = (statement: string): boolean => /unknown_fn|UPDATE gone|SET missing/.test(statement);
