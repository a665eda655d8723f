/**
 * All or nothing. The sqlite3 shell goes on behind a statement that fails, and commits the rest: a definition that needs a newer SQLite, a table that is
 * there already. No SQL stops it. So the file counts what its statements have made, and the last one before COMMIT breaks a constraint if that is not
 * all, which rolls everything back; COMMIT then fails as well, and the shell ends with 1.
 */
import { unusedName } from "./internal-tables.ts";
import type { Schema, Segment, RowTotals } from "../format.ts";

/** Lines of the schema, in a database that may have some before; `sqlite_master` is what every release calls it. Statistics and counters come and go. */
const lines = "(SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\')";

/** What counts what a file makes. */
export interface Whole {
  /** Behind BEGIN. */
  readonly open: Segment;
  /** Behind the rows of all tables, where there are rows; `others` are lines of the schema that were written to by then. */
  rows(others: number): Segment;
  /** In front of COMMIT; `objects` are those that the file makes. */
  check(objects: number): Segment;
  /** Behind COMMIT. */
  readonly close: Segment;
}

export function wholeness(schema: Schema, hasRows: boolean): Whole {
  const table = `temp.${unusedName(schema, "durable_export")}`;
  const text = (line: string | ((totals: RowTotals) => string)): Segment => ({ kind: "text", text: line });
  return {
    open: text(
      `CREATE TABLE ${table}(objects,changes,"every statement of the dump succeeds" NOT NULL);\nINSERT INTO ${table} VALUES(${lines},total_changes(),1);\n`,
    ),
    // one more is the line above
    rows: (others) =>
      text(({ allRows }) => `UPDATE ${table} SET changes=total_changes()-changes-${allRows + others + 1};\n`),
    check: (objects) =>
      text(
        `INSERT OR ROLLBACK INTO ${table} SELECT 0,0,NULL FROM ${table} WHERE ${lines}-objects<>${objects}${hasRows ? " OR changes<>0" : ""};\n`,
      ),
    close: text(`DROP TABLE IF EXISTS ${table};\n`),
  };
}
