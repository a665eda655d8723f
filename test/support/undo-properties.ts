/** What must hold of an undo log whatever tables there are, and whatever is done to them. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect } from "vitest";
import type { Table } from "../../formats/format.ts";
import { ExportError } from "../../src/errors.ts";
import { tablesReadLive } from "../../src/snapshot/live-tables.ts";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { readCatalog } from "../../src/schema/catalog.ts";
import { changesOf, stopTracking, startTracking } from "../../src/snapshot/change-tracker.ts";
import type { Probe } from "./probe.ts";
import {
  addIdleTriggers,
  attempt,
  freeze,
  leftOf,
  mayChange,
  outcomeOf,
  readTables,
  tidy,
  uncoveredIn,
} from "./undo-log.ts";
import { databaseWith } from "./undo-databases.ts";
import { isBroken } from "./undo-deeds.ts";

/** How many databases showed what; what no database shows is not tested. */
export type Counts = Map<string, number>;

/** One object for all databases of a test, each of which begins with nothing. */
export class Databases {
  readonly counts: Counts = new Map();
  #stub = this.#another();

  async with<T>(use: (sql: SqlStorage, storage: DurableObjectStorage) => T): Promise<T> {
    const used = await runInDurableObject(this.#stub, (_: Probe, { storage }) =>
      isTidied(storage.sql) ? { outcome: use(storage.sql, storage) } : null,
    );
    if (used !== null) return used.outcome;
    this.#stub = this.#another(); // a foreign key of the last one's forbids to drop its table
    return this.with(use);
  }

  #another(): DurableObjectStub<Probe> {
    return env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
  }

  count(what: string, is = true): void {
    if (is) this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}

function isTidied(sql: SqlStorage): boolean {
  try {
    tidy(sql);
    return true;
  } catch {
    return false;
  }
}

function hasTables(sql: SqlStorage, statements: readonly string[]): boolean {
  for (const statement of statements) attempt(sql, statement);
  return sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 't'").toArray().length === 1;
}

/** Null where a table cannot be read. */
function readOrNot<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ExportError && error.code === "data_unreadable") return null;
    throw error;
  }
}

/** Runs statements and takes back what they did. */
function rollBack(storage: DurableObjectStorage, deeds: readonly string[]): void {
  try {
    storage.transactionSync(() => {
      for (const deed of deeds) attempt(storage.sql, deed);
      throw new Error("Rolled back");
    });
  } catch {
    // nothing happened
  }
}

/** The rows of a random moment come back table by table, or the table is named as changed, whatever is written, and however often the object is lost. */
export const givesBack = (format: "sql" | "csv" | "jsonl", databases: Databases) =>
  fc.asyncProperty(
    databaseWith((change) =>
      fc.array(fc.tuple(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(9)), { minLength: 2, maxLength: 24 }),
    ),
    fc.integer({ min: 1, max: 4 }),
    ({ statements, inserts, changes }, size) =>
      databases.with((sql, storage) => {
        if (!hasTables(sql, statements)) return;
        databases.count("made");
        for (const insert of inserts) attempt(sql, insert);
        const wanted = readOrNot(() => readTables(sql, format, size, null, () => "go on"));
        const before = outcomeOf(sql, "SELECT * FROM t");
        let turn = 0;
        const between = () => {
          const [deeds, chance] = changes[turn++ % changes.length] ?? [[], 0];
          if (!mayChange(sql, turn)) return "go on";
          if (chance === 1) rollBack(storage, deeds);
          else for (const deed of deeds) if (mayChange(sql, turn)) attempt(sql, deed);
          return chance === 0 ? "crash" : "go on";
        };
        let isKept = false;
        let all: readonly Table[] = [];
        const found = readOrNot(() =>
          readTables(sql, format, size, new UndoLog(sql, "job"), between, (uncovered, tables) => {
            startTracking(sql, "job", tablesReadLive(tables, new UndoLog(sql, "job")), new Set());
            isKept = !uncovered.includes("t");
            all = tables;
          }),
        );
        const { changed } = changesOf(sql, "job", tablesReadLive(all, new UndoLog(sql, "job")), new Set());
        databases.count("cannot be read", wanted === null);
        // what cannot be read is said, with a log as without one, unless its table is named
        if (wanted === null || found === null) expect(found === null || changed.includes("t")).toBe(wanted === null);
        else for (const [name, text] of wanted) if (!changed.includes(name)) expect(found.get(name) ?? "").toBe(text);
        databases.count("kept", isKept);
        databases.count("kept and changed", isKept && outcomeOf(sql, "SELECT * FROM t") !== before);
        databases.count("kept, and a row was lost unseen", isKept && changed.includes("t"));
        databases.count("not kept, and a mixture", !isKept && (found?.get("t") ?? "") !== (wanted?.get("t") ?? ""));
        stopTracking(sql, "job");
        new UndoLog(sql, "job").drop();
        expect(leftOf(sql)).toEqual([]);
        if (!statements.some(isBroken)) return;
        // a trigger that cannot run costs no snapshot: without it no table is kept that is not now
        databases.count("broken trigger");
        const uncovered = uncoveredIn(sql);
        for (const [name] of sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").raw<[string]>())
          sql.exec(`DROP TRIGGER ${name}`);
        for (const statement of statements)
          if (statement.startsWith("CREATE TRIGGER") && !isBroken(statement)) attempt(sql, statement);
        expect(uncoveredIn(sql)).toEqual(expect.arrayContaining([...uncovered]));
      }),
  );

/** When idle triggers run, and which columns they look at: the log's, with generated columns that are unique and without, and those of a watch. */
const idleKinds: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["BEFORE", "AFTER"], []],
  [
    ["BEFORE", "AFTER"],
    ["a", "b", "c", "d"],
  ],
  [["AFTER"], []],
];

/** What SQLite says of a generated column that cannot be computed. */
const cannotCompute = /JSON|integer overflow/i;

/** Statements do what they do without a log, but for what any trigger changes; what fails leaves nothing. */
export const changesNothing = (databases: Databases) =>
  fc.asyncProperty(
    databaseWith((change) => fc.array(change, { minLength: 3, maxLength: 20 })),
    async ({ statements, inserts, changes }) => {
      const same = (statement: string) => statement.replaceAll("random()", "1");
      const outcomes = (prepare: (sql: SqlStorage) => void, causes?: string[]) =>
        databases.with((sql) => {
          hasTables(sql, statements.map(same)); // the same each time
          for (const insert of inserts) attempt(sql, insert);
          sql.exec("CREATE TABLE last (a)");
          prepare(sql);
          sql.exec("INSERT INTO last VALUES (1)"); // not what making the log has left in last_insert_rowid()
          return changes.map(same).map((statement) => {
            if (!mayChange(sql, 0)) return [];
            const outcome = outcomeOf(sql, statement, (cause) => causes?.push(`${statement}: ${cause}`));
            // behind a failure, or where nothing was inserted, these tell of earlier statements
            const isInsert = statement.startsWith("INSERT") && !statement.includes("ON CONFLICT");
            const told = `SELECT changes(), iif(${isInsert} AND changes() > 0, last_insert_rowid(), 0)`;
            return [
              outcome,
              outcome === "failed" ? "" : outcomeOf(sql, told),
              outcomeOf(sql, "SELECT * FROM t"), // failed, where a column cannot be computed
              outcomeOf(sql, "SELECT a, b, c, d FROM t"),
              outcomeOf(sql, "SELECT * FROM u"),
            ];
          });
        });
      const keep = (sql: SqlStorage) =>
        startTracking(sql, "job", tablesReadLive(readCatalog(sql).tables, freeze(sql)), new Set());
      const causes: string[] = [];
      const causesWithout: string[] = [];
      const [without, withLog] = [await outcomes(() => undefined, causesWithout), await outcomes(keep, causes)];
      for (const [outcome] of without) databases.count(outcome === "failed" ? "failed" : "done");
      if (![...statements, ...changes].some((statement) => statement.includes("FAIL")))
        for (const [at, [outcome, , ...tables]] of withLog.entries()) {
          const before = withLog[at - 1];
          if (outcome === "failed" && before !== undefined && before.length > 0)
            expect(tables).toEqual(before.slice(2));
        }
      databases.count("compared");
      if (JSON.stringify(withLog) === JSON.stringify(without)) return;
      // Nothing is to be computed for a log that is not computed without one. Only the first difference tells: other rows may follow from it.
      const first = withLog.findIndex((one, at) => JSON.stringify(one) !== JSON.stringify(without[at]));
      const failures = withLog.slice(0, first).filter(([outcome]) => outcome === "failed").length;
      const [isFailed, isFailedWithout] = [withLog, without].map((each) => each[first]?.[0] === "failed");
      if (isFailed && !isFailedWithout) expect(causes[failures]).not.toMatch(cannotCompute);
      // A host's BEFORE UPDATE trigger makes SQLite compute generated columns from columns that it has not loaded; the log has them loaded, if
      // the statement sets a column that the host's trigger does not look at.
      if (isFailedWithout && !isFailed && cannotCompute.test(causesWithout[failures] ?? "")) {
        databases.count("computed with a log only");
        expect(withLog[first]?.[2]).not.toBe("failed");
        return;
      }
      // Some things go otherwise where a table has any trigger at all: the order in which an UPDATE looks at rows, of which the first may
      // win; which of two broken rules is seen first; how deep triggers go; what a failure without a statement journal leaves; what a
      // generated column shows in a BEFORE UPDATE trigger; a foreign key of a table to itself that SQLite forgets.
      databases.count("as with any trigger");
      const idle = [];
      for (const [when, named] of idleKinds) {
        idle.push(await outcomes((sql) => addIdleTriggers(sql, when, named)));
        if (JSON.stringify(idle.at(-1)) === JSON.stringify(withLog)) return;
      }
      expect(withLog).toEqual(idle[0]);
    },
  );
