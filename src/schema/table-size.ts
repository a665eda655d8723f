/** How many rows and bytes a table holds, and whether that is few enough to read all of it in one event-loop turn. */
import { quoteName } from "../../formats/kit/expression.ts";
import { alias } from "./key.ts";

/** True if all values of a table have at most so many bytes, in at most so many rows. Reads no more than it needs to know that. */
export function isSmallTable(sql: SqlStorage, table: string, maxBytes: number, maxRows: number): boolean {
  const values = columnsOnDisk(sql, table).map((name) => `${alias}.${quoteName(name)}`);
  return hasFewBytes(sql, table, values, maxBytes, maxRows);
}

/** The same for some values of each row, given as SQL. */
export function hasFewBytes(
  sql: SqlStorage,
  table: string,
  values: readonly string[],
  maxBytes: number,
  maxRows: number,
): boolean {
  const sizes = `SELECT ${byteLengthSql(values)} AS size FROM ${quoteName(table)} AS ${alias} LIMIT ${maxRows + 1}`;
  const query = `SELECT count(*) AS found, total(size) AS total FROM (${sizes})`;
  const { found, total } = sql.exec<{ found: number; total: number }>(query).one();
  return found <= maxRows && total <= maxBytes;
}

/** Bytes of all values of a table. */
export function bytesOfTable(sql: SqlStorage, table: string): number {
  const values = columnsOnDisk(sql, table).map((name) => `${alias}.${quoteName(name)}`);
  const query = `SELECT total(${byteLengthSql(values)}) AS total FROM ${quoteName(table)} AS ${alias}`;
  return sql.exec<{ total: number }>(query).one().total;
}

/** The columns of a table that are stored; virtual generated columns are computed when they are read. */
export function columnsOnDisk(sql: SqlStorage, table: string): readonly string[] {
  const query = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 3)";
  return [...sql.exec<{ name: string }>(query, table)].map(({ name }) => name);
}

/** SQL for the bytes of some values. Summed in groups: an expression may be 100 levels deep, and a table may have 100 columns. */
export function byteLengthSql(values: readonly string[]): string {
  const sizes = values.map((value) => `ifnull(octet_length(${value}),0)`);
  const groups = Map.groupBy(sizes.entries(), ([index]) => Math.floor(index / 10)).values();
  const sums = [...groups].map((group) => `(${group.map(([, size]) => size).join("+")})`);
  return sums.length === 0 ? "0" : sums.join("+");
}
