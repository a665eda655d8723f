/** Rows that any statement has changed so far while this instance of the object lives, those of the exporter's own included. */
export function totalChanges(sql: SqlStorage): number {
  return sql.exec<{ n: number }>("SELECT total_changes() AS n").one().n;
}
