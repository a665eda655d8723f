/**
 * Tells in a moment whether the schema is another one than before, however many tables there are: to read `sqlite_schema` again takes tens of
 * milliseconds where there are thousands. SQLite counts each change in the schema cookie (https://sqlite.org/fileformat2.html#schema_cookie), and in a
 * generation each time that it forgets what it knew of the schema, as it does when a change is rolled back. A statement expects both in its
 * `OP_Transaction` (p3 and p4: https://sqlite.org/opcode.html#Transaction), which EXPLAIN shows; the pragma for the cookie is not allowed.
 */

/** What was seen last, and how often that was not what was seen before. */
interface Seen {
  mark: string;
  version: number;
  looks: number;
  /** A cursor over no table, never read to its end: `deleteAll()` ends it, behind which SQLite counts from 0 again. */
  database: Iterator<unknown> | null;
  /** Rows that it still has. */
  left: number;
  databases: number;
}

const seen = new WeakMap<SqlStorage, Seen>();

/** The same as before as long as nobody, not even the exporter, has changed the schema. In one life of the object. */
export function schemaMark(sql: SqlStorage): string {
  const last = seenOf(sql);
  const database = databaseOf(sql, last);
  // Each time another text, as a statement that workerd still has would show what it expected when it was prepared; and a long one, as 1 MiB of text is
  // what workerd keeps statements for (api/sql.h), and what SQLite makes of one takes some KiB.
  const text = `EXPLAIN SELECT ${++last.looks} FROM sqlite_schema /*${" ".repeat(1000)}*/`;
  const plan = sql.exec<{ opcode: string; p3: number; p4: string | null }>(text).toArray();
  const expected = plan.find(({ opcode }) => opcode === "Transaction");
  // should a release of SQLite say it otherwise, each schema is another one, and is read
  return expected === undefined ? `look ${last.looks}` : `${database} ${expected.p3} ${expected.p4}`;
}

/** The same as before as long as nobody but the exporter has changed the schema. In one life of the object. */
export function schemaVersion(sql: SqlStorage): number {
  const last = seenOf(sql);
  const mark = schemaMark(sql);
  if (mark !== last.mark) last.version++;
  last.mark = mark;
  return last.version;
}

/** Changes what is the exporter's in the schema. Every CREATE and DROP of the exporter's goes through here. */
export function altering<T>(sql: SqlStorage, alter: () => T): T {
  schemaVersion(sql); // what others have changed before counts as theirs
  try {
    return alter();
  } finally {
    seenOf(sql).mark = schemaMark(sql);
  }
}

function seenOf(sql: SqlStorage): Seen {
  const known = seen.get(sql) ?? { mark: "", version: 0, looks: 0, database: null, left: 0, databases: 0 };
  seen.set(sql, known);
  return known;
}

/** Rows of that cursor: it must have an end, as who wraps `sql` (to trace it, say) may read each cursor whole. */
const cursorRows = 1_000;

/** A number for the database that this object has now: `deleteAll()` gives it another one. */
function databaseOf(sql: SqlStorage, last: Seen): number {
  if (isStillThere(last)) last.left--;
  else [last.left, last.databases] = [0, last.databases + 1];
  if (last.left > 0) return last.databases;
  // it reads no table, so that it holds up neither a DROP nor a checkpoint
  const numbers = `WITH RECURSIVE look(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM look WHERE n <= ${cursorRows}) SELECT n FROM look`;
  last.database = sql.exec(numbers).raw();
  last.left = cursorRows;
  return last.databases;
}

function isStillThere({ database }: Seen): boolean {
  try {
    return database?.next().done === false;
  } catch {
    return false; // it was deleted
  }
}
