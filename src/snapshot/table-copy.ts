/** Compares a table with the copy that a log made of it. */
import { quoteName } from "../../formats/kit/expression.ts";
import type { Table } from "../../formats/format.ts";
import { maxColumns } from "../platform-limits.ts";
import { columnsOnDisk } from "../schema/table-size.ts";

/** True if a table and a copy of it do not hold the same rows. */
export function differsFromCopy(sql: SqlStorage, { name, rowid }: Table, copy: string): boolean {
  const columns = columnsOnDisk(sql, copy).map(quoteName);
  if (rowid !== null && columns.length < maxColumns) columns.push(rowid.name);
  const list = columns.join(",");
  const liveRows = `SELECT ${list} FROM ${quoteName(name)}`;
  const copiedRows = `SELECT ${list} FROM ${quoteName(copy)}`;
  const isOtherCount = `(SELECT count(*) FROM ${quoteName(name)})<>(SELECT count(*) FROM ${quoteName(copy)})`;
  const query = `SELECT EXISTS (${liveRows} EXCEPT ${copiedRows}) OR EXISTS (${copiedRows} EXCEPT ${liveRows}) OR ${isOtherCount} AS differs`;
  return sql.exec<{ differs: number }>(query).one().differs === 1;
}
