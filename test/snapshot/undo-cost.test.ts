/** What a log costs the host's statements. */
import { describe, expect, it } from "vitest";
import { withDatabase } from "../support/database.ts";
import { freeze } from "../support/undo-log.ts";

describe("what a log costs the host", () => {
  it("does not grow with the table, for rows that come in with an automatic key", async () => {
    for (const rows of [100, 10_000])
      await withDatabase((sql) => {
        const upTo = (last: number) =>
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${last}) INSERT INTO t (b) SELECT i FROM n`;
        sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b)`);
        sql.exec(upTo(rows));
        freeze(sql);
        const cursor = sql.exec(upTo(500));
        cursor.toArray();
        expect(cursor.rowsRead / 500).toBeLessThan(30); // was half of all rows
      });
  });
});
