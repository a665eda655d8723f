/** Statements that are done wholly or not at all, as far as what only a commit finds: foreign keys that are deferred. */
import { MiB } from "../base/units.ts";
import type { QueryAnswer } from "./query.ts";

/** Foreign keys are looked at before a commit of `POST /query` in databases of so many bytes at most: about half a second. */
const checkedForeignKeysBytes = 64 * MiB;

/** A statement that SQLite refused. */
export function sqlError(detail: string): QueryAnswer {
  return { problem: { status: 400, code: "sql_error", detail } };
}

const broken = "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (a deferred one, so at the end); nothing was written";

/**
 * Runs statements, and takes back what they did if their answer is a problem. workerd resets the object when a commit fails, and with it all that
 * the object is doing; so in a small database foreign keys are looked at first. In a large one `failedCommit` tells of it.
 */
export function wholly(storage: DurableObjectStorage, text: string, run: () => QueryAnswer): QueryAnswer {
  if (/(?<!defer_)foreign_keys/i.test(text)) return run(); // PRAGMA foreign_keys does nothing inside of a transaction
  const { sql } = storage;
  let violations = 0;
  const attempt = (isChecked: boolean): QueryAnswer => {
    let answer = sqlError(broken);
    try {
      storage.transactionSync(() => {
        answer = run();
        violations = isChecked && mayBeDeferred(sql, text) ? violationsIn(sql) : 0;
        if ("problem" in answer || violations > 0) throw new TakenBack();
      });
    } catch (error) {
      if (!(error instanceof TakenBack)) throw error;
    }
    return answer;
  };
  const answer = attempt(sql.databaseSize <= checkedForeignKeysBytes);
  if ("problem" in answer || violations === 0) return answer;
  // Some may have been there before: they are no matter of this statement's.
  return violationsIn(sql) < violations ? sqlError(broken) : attempt(false);
}

class TakenBack extends Error {}

function mayBeDeferred(sql: SqlStorage, text: string): boolean {
  const query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(sql) LIKE '%deferrable%' LIMIT 1";
  return /defer_foreign_keys/i.test(text) || sql.exec(query).toArray().length > 0;
}

function violationsIn(sql: SqlStorage): number {
  try {
    return sql.exec<{ n: number }>("SELECT count(*) AS n FROM pragma_foreign_key_check").one().n;
  } catch {
    return 0; // a foreign key that fits no parent key is an error of the schema's: the commit says what comes of it
  }
}

/** What the Worker is told when a commit has failed after all; the platform has rolled it back. Throws what is anything else. */
export function failedCommit(error: unknown): QueryAnswer {
  if (error instanceof Error && error.message.includes("constraints were violated")) return sqlError(broken);
  throw error;
}
