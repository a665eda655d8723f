/** A snapshot begins in several event-loop turns: it tells whether the host has written in between, and is of the last moment. */
import { describe, expect, it } from "vitest";
import { formats } from "../../formats/index.ts";
import { rowSegments } from "../../src/file/pipeline.ts";
import { currentEncodingSettings, planOf } from "../../src/file/plan.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { formatOf, withDatabase } from "../support/database.ts";
import { leftOf } from "../support/undo-log.ts";

/** More tables than one turn looks at; every tenth is too large to be read at once. */
function fill(sql: SqlStorage): void {
  for (let n = 0; n < 50; n++) {
    sql.exec(`CREATE TABLE t${n} (a INTEGER PRIMARY KEY, b)`);
    sql.exec(
      `INSERT INTO t${n} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n % 10 === 0 ? 600 : 3}) SELECT i, 'old' FROM n`,
    );
  }
}

function snapshotOf(sql: SqlStorage, isFuzzy: boolean) {
  const options = { format: formatOf("jsonl"), compress: "none", tables: null, exclude: [], content: "data" } as const;
  const { source, layout, databaseBytes, pipeline } = planOf(
    sql,
    { ...options, ...currentEncodingSettings() },
    formats,
  );
  const segments = rowSegments(layout.segments);
  const exportId = "test";
  const snapshot = new Snapshot({ sql, exportId, source, segments, isFuzzy, databaseBytes, maxUndoBytes: null });
  const read = () => {
    let text = "";
    for (let position = pipeline.start(); !position.isDone;) {
      const step = pipeline.step(position);
      for (const bytes of step.bytes) text += new TextDecoder().decode(bytes);
      ({ position } = step);
    }
    return text;
  };
  return { snapshot, read };
}

/** Begins a snapshot, and does something in one of the pauses, counted from 0. */
function begin(snapshot: Snapshot, during: number, act: () => void): { pauses: number; isUndisturbed: boolean } {
  const beginning = snapshot.begin();
  for (let pauses = 0; ; pauses++) {
    const { done, value } = beginning.next();
    if (done === true) return { pauses, isUndisturbed: value };
    if (pauses === during) act();
  }
}

describe("a snapshot that begins in several turns", () => {
  it("is of the last moment, and tells of a write in any of its pauses", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const first = snapshotOf(sql, false);
      const { pauses, isUndisturbed } = begin(first.snapshot, -1, () => undefined);
      expect(isUndisturbed).toBe(true);
      expect(pauses).toBeGreaterThan(4);
      first.snapshot.end();
      for (let during = 0; during < pauses; during++) {
        const { snapshot, read } = snapshotOf(sql, false);
        const change = (value: string) => {
          for (const table of ["t0", "t1", "t49"]) sql.exec(`UPDATE ${table} SET b = ? WHERE a = 2`, value);
        };
        expect(begin(snapshot, during, () => change(`pause ${during}`)).isUndisturbed, `pause ${during}`).toBe(false);
        change("later");
        const text = read();
        expect(text.split(`pause ${during}`), `pause ${during}`).toHaveLength(4);
        expect(text).not.toContain("later");
        snapshot.end();
        expect(leftOf(sql)).toEqual([]);
      }
    });
  });

  it.each([false, true])(
    "leaves nothing behind where the export is cancelled meanwhile, fuzzy: %s",
    async (isFuzzy) => {
      await withDatabase((sql) => {
        fill(sql);
        const { pauses } = begin(snapshotOf(sql, isFuzzy).snapshot, -1, () => undefined);
        const { snapshot } = snapshotOf(sql, isFuzzy);
        expect(() => begin(snapshot, pauses - 1, () => snapshot.end())).toThrow("nobody wants it any more");
        expect(leftOf(sql)).toEqual([]);
      });
    },
  );
});
