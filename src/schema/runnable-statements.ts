/** Which statements on a table can run at all: a trigger of the host's that names what there is not makes all fail that would fire it. */
import { quoteName } from "../../formats/kit/expression.ts";
import { alias, keyColumns } from "./key.ts";
import type { SourceTable } from "./source-table.ts";

/** True if SQLite does a statement. */
export function works(sql: SqlStorage, statement: string): boolean {
  try {
    sql.exec(statement).toArray();
    return true;
  } catch {
    return false;
  }
}

/** True if SQLite can prepare a statement, with all triggers that it fires. */
export function canRun(sql: SqlStorage, statement: string): boolean {
  return works(sql, `EXPLAIN ${statement}`);
}

/** Updates of no row, one for each of these columns (as SQL; null for all and the key); a table's own conflict clause may delete rows of others, so with another one, too. */
export function updatesOf(table: SourceTable, columns: readonly string[] | null): readonly string[] {
  const own = table.insertableColumns.map(({ name }) => quoteName(name));
  const all = columns ?? [...new Set([...own, ...keyColumns(table.key).map(({ sql }) => sql.slice(alias.length + 1))])];
  return ["", " OR ABORT"].flatMap((or) =>
    all.map((column) => `UPDATE${or} ${quoteName(table.name)} SET ${column}=${column} WHERE 0`),
  );
}

/**
 * Statements that touch no row, and fire each kind of trigger if they did: for each kind the usual one, and then others, as a host's trigger
 * may be about one column alone.
 */
export function statementsOn(table: SourceTable): readonly (readonly string[])[] {
  const [name, columns] = [quoteName(table.name), table.insertableColumns.map((column) => quoteName(column.name))];
  const values = `(${columns.join(",")}) SELECT ${columns.map(() => "NULL").join(",")} WHERE 0`;
  return [
    ["", " OR ABORT", " OR IGNORE"].map((or) => `INSERT${or} INTO ${name} ${values}`),
    updatesOf(table, null),
    [`DELETE FROM ${name} WHERE 0`],
  ];
}
