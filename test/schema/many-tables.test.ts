/** Databases of many tables, and of long names: nothing that grows with their number goes into one statement, one value or one message. */
import { describe, expect, it, vi } from "vitest";
import { listed } from "../../src/errors.ts";
import { formats } from "../../formats/index.ts";
import { parseOptions } from "../../src/options/parse.ts";
import { readCatalog } from "../../src/schema/catalog.ts";
import { tableNames } from "../../src/schema/selection.ts";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import type { TestHost } from "../support/test-host.ts";
import { fileOf, textOf, withDatabase } from "../support/database.ts";
import {
  equal,
  expected,
  filledTestHost,
  finished,
  forwardedTo,
  inTestHost,
  leftovers,
  options,
  run,
  storedBytes,
} from "../support/jobs.ts";
import { rowsOf } from "../support/undo-log.ts";

/** 700 tables whose names are 200 bytes, or 400, each with a counter and statistics; one has a control character, which takes care. */
function fill(sql: SqlStorage): readonly string[] {
  const names = Array.from({ length: 700 }, (_, at) => `${"ä".repeat(at % 2 === 0 ? 90 : 190)} table ${at}`);
  names.push("odd\u001f");
  for (const [at, name] of names.entries()) {
    sql.exec(`CREATE TABLE "${name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, a)`);
    sql.exec(`INSERT INTO "${name}" VALUES (${at + 1}, 'row')`);
    sql.exec(`CREATE INDEX "index ${at}" ON "${name}" (a)`);
  }
  sql.exec("ANALYZE");
  return names;
}

describe("many tables with long names", () => {
  it("come out whole, all of them or all but some, with their counters and statistics", async () => {
    await withDatabase((sql) => {
      const names = fill(sql);
      const counters = (text: string) =>
        text.split("\n").filter((line) => line.startsWith('INSERT INTO "sqlite_sequence"'));
      const statistics = (text: string) =>
        text.split("\n").filter((line) => line.startsWith('INSERT INTO "sqlite_stat1"'));
      const some = names.filter((_, at) => at % 100 === 3);
      for (const [wanted, count] of [
        [{}, 701],
        [{ exclude: ["odd\u001f"] }, 700],
        [{ exclude: some }, 694],
        [{ tables: some }, 7],
        [{ tables: names.slice(0, 650) }, 650],
      ] as const) {
        const text = textOf(sql, wanted);
        expect(text.endsWith(`-- dump complete: ${count} tables, ${count} rows\n`)).toBe(true);
        for (const lines of [counters(text), statistics(text)])
          expect(lines.join("").match(/ table \d+/g)?.length).toBe(count - (text.includes("odd") ? 1 : 0));
      }
      expect(textOf(sql, { target: "d1", exclude: some })).toContain("-- dump complete: 694 tables, 694 rows");
      expect(fileOf(sql, { format: "csv", exclude: some }, 3)).toEqual(fileOf(sql, { format: "csv", exclude: some }));
    });
  });

  it("come out whole from an undo log", async () => {
    await withDatabase((sql) => {
      const all = fill(sql);
      const names = all.slice(0, 20);
      for (const name of all.slice(20, -1)) sql.exec(`DROP TABLE "${name}"`);
      const wanted = rowsOf(sql, "sql", 100, null, () => "go on");
      let isChanged = false;
      const found = rowsOf(sql, "sql", 100, new UndoLog(sql, "job"), () => {
        if (!isChanged)
          sql.exec(`DELETE FROM "${names[5] ?? ""}"; DELETE FROM sqlite_sequence; DELETE FROM sqlite_stat1`);
        isChanged = true;
        return "go on";
      });
      expect(found).toBe(wanted);
      new UndoLog(sql, "job").drop();
    });
  });

  it("are listed in part by what is said of them", async () => {
    await withDatabase((sql) => {
      fill(sql);
      const context = { formats, tableNames: () => tableNames(readCatalog(sql)) };
      const ask = () => parseOptions(new URLSearchParams({ table: "none" }), context);
      expect(ask).toThrow(/and 681 more$/);
      expect(ask).toThrow(expect.objectContaining({ message: expect.toSatisfy((text: string) => text.length < 5000) }));
    });
    expect(listed(["a", 'b"'])).toBe('"a", "b"""');
    expect(listed(["x".repeat(100_000)]).length).toBeLessThan(300);
  });
});

/** 700 tables, the first of them larger than what is read at once; every tenth with a counter. */
async function manyTables(): Promise<DurableObjectStub<TestHost>> {
  const stub = await filledTestHost(3000);
  await inTestHost(stub, (_, { storage: { sql } }) => {
    for (let at = 0; at < 700; at++) {
      sql.exec(
        `CREATE TABLE "${"😀".repeat(at % 40)} ${at}" (id INTEGER PRIMARY KEY ${at % 10 === 0 ? "AUTOINCREMENT" : ""}, a)`,
      );
      sql.exec(`INSERT INTO "${"😀".repeat(at % 40)} ${at}" (a) VALUES (${at}), ('row')`);
    }
  });
  return stub;
}

/** The longest value, in bytes, that any of the exporter's tables holds, and the longest statement that is given to SQLite from now on. */
function longest(state: DurableObjectState): { readonly statement: number; value(): number } {
  const { sql } = state.storage;
  const exec = sql.exec.bind(sql);
  const seen = { statement: 0 };
  Object.defineProperty(sql, "exec", {
    configurable: true,
    value: (...query: Parameters<SqlStorage["exec"]>) => {
      for (const part of query)
        if (typeof part === "string") seen.statement = Math.max(seen.statement, new TextEncoder().encode(part).length);
      return exec(...query);
    },
  });
  return {
    get statement() {
      return seen.statement;
    },
    value() {
      const tables = exec<{ name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '_durable_export_*'",
      );
      const lengths = tables.toArray().flatMap(({ name }) => {
        const columns = exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", name).toArray();
        return columns.map((column) =>
          Number(exec(`SELECT max(octet_length("${column.name}")) AS n FROM "${name}"`).one()["n"]),
        );
      });
      return Math.max(0, ...lengths);
    },
  };
}

describe("a job of many tables", () => {
  it.each(["sql", "csv"] as const)(
    "is what it was at its start, and keeps no value and asks nothing that is too long: %s",
    async (format) => {
      const stub = await manyTables();
      const wanted = await expected(stub, { format });
      const { dumpId, seen } = await inTestHost(stub, async ({ exporter }, state) => {
        const measured = longest(state);
        const { dumpId: id } = await exporter.start(options({ format }));
        expect(
          state.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'").toArray().length,
        ).toBeLessThan(20);
        state.storage.sql.exec(
          'UPDATE " 0" SET a = 0; DELETE FROM "😀 1"; DELETE FROM sqlite_sequence; DELETE FROM files WHERE id % 3 = 0',
        );
        return { dumpId: id, seen: [measured.statement, measured.value()] };
      });
      for (const length of seen) expect(length).toBeLessThan(600_000);
      const done = await finished(stub, dumpId);
      expect(done).toMatchObject({
        status: "complete",
        consistency: "snapshot",
        progress: { tables: format === "csv" ? 702 : 703, percent: 100 },
      });
      expect(Object.keys(done.result?.rows ?? {}).length).toBe(done.progress.tables);
      expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
      await inTestHost(stub, ({ exporter }, state) => {
        const [listedOne] = exporter.list();
        expect(listedOne).toMatchObject({ dumpId, status: "complete", progress: done.progress });
        expect(JSON.stringify(listedOne).length).toBeLessThan(5000);
        expect(longest(state).value()).toBeLessThan(600_000);
        expect(state.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'").toArray()).toEqual([]);
      });
    },
    120_000,
  );

  it("is the database of one moment while the host writes without a pause", async () => {
    const stub = await manyTables();
    // all tables hold one number, which one transaction changes in all
    await run(stub, "CREATE TABLE beat (n); INSERT INTO beat VALUES (0)");
    const name = (at: number) => `"${"😀".repeat(at % 40)} ${at}"`;
    const change = (n: number) => [7, 400, 699].map((at) => `UPDATE ${name(at)} SET a = ${n}`).join(";");
    await run(stub, change(0));
    const { text, beats } = await inTestHost(stub, async ({ exporter }, { storage: { sql } }) => {
      const state = { isOpen: true, beats: 0 };
      const write = async () => {
        for (let n = 1; state.isOpen; n++) {
          sql.exec(`${change(n)}; UPDATE beat SET n = ${n}`);
          state.beats = n;
          await scheduler.wait(1);
        }
      };
      const writing = write();
      const file = await new Response(exporter.dump().body).text();
      state.isOpen = false;
      await writing;
      return { text: file, beats: state.beats };
    });
    expect(beats).toBeGreaterThan(5);
    const [, beat] = /INSERT INTO "beat" VALUES\((\d+)\)/.exec(text) ?? [];
    for (const at of [7, 400, 699]) expect(text).toContain(`INSERT INTO ${name(at)} VALUES(1,${beat}),(2,${beat});`);
    expect(text).toContain("-- dump complete: 703 tables");
  }, 120_000);
});

describe("many tables that triggers are made for", () => {
  it("are let go in turns when the job is cancelled, and can be written to all the time", async () => {
    const stub = await filledTestHost(1);
    await inTestHost(stub, async ({ exporter }, { storage: { sql } }) => {
      for (let at = 0; at < 40; at++) {
        sql.exec(`CREATE TABLE large${at} (a INTEGER PRIMARY KEY, b UNIQUE)`);
        sql.exec(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) INSERT INTO large${at} SELECT i, i FROM n`,
        );
      }
      const own = () =>
        sql.exec<{ type: string }>("SELECT type FROM sqlite_schema WHERE name GLOB '_durable_export_undo_*'").toArray();
      const { dumpId } = await exporter.start(options());
      expect(own().length).toBeGreaterThanOrEqual(40 * 6);
      const counts = new Set<number>();
      const deleted = exporter.delete(dumpId);
      await vi.waitFor(
        () => {
          for (let at = 0; at < 40; at++)
            sql.exec(`UPDATE large${at} SET b = b + 1000 WHERE a = 3; REPLACE INTO large${at} VALUES (601, 7)`);
          counts.add(own().length);
          expect(own()).toEqual([]);
        },
        { timeout: 20_000, interval: 1 },
      );
      await deleted;
      expect(counts.size).toBeGreaterThan(3);
    });
    await vi.waitFor(async () => expect(await leftovers(stub)).toEqual([]), { timeout: 10_000 });
  });
});

describe("the list of jobs", () => {
  it("comes page by page, newest first, and refuses what is no page", async () => {
    const stub = await filledTestHost(1);
    const started = await inTestHost(stub, async ({ exporter }) => {
      const ids: string[] = [];
      for (let n = 0; n < 7; n++) ids.push((await exporter.start(options())).dumpId);
      return ids;
    });
    for (const dumpId of started) await finished(stub, dumpId);
    const ask = (query: string) =>
      inTestHost(stub, async (object) => {
        const answer = await object.fetch(forwardedTo(`/dumps${query}`));
        return {
          status: answer.status,
          body: await answer.json<{ dumps: { dumpId: string }[]; cursor?: string; code?: string }>(),
        };
      });
    const found: string[] = [];
    let [pages, query] = [0, "?limit=3"];
    for (; query !== ""; pages++) {
      const { body } = await ask(query);
      found.push(...body.dumps.map(({ dumpId }) => dumpId));
      query = body.cursor === undefined ? "" : `?limit=3&cursor=${body.cursor}`;
      if (body.cursor !== undefined) expect(body.cursor).toBe(found.at(-1));
    }
    expect(pages).toBe(3);
    expect(new Set(found)).toEqual(new Set(started));
    expect(found).toEqual(found.toSorted().toReversed());
    expect((await ask("")).body.dumps.length).toBe(7);
    expect((await ask("?limit=7")).body.cursor).toBeUndefined();
    for (const bad of [
      "limit=0",
      "limit=1001",
      "limit=-1",
      "limit=ten",
      "limit=",
      "limit=1&limit=2",
      "cursor=",
      "cursor=%27",
      "page=2",
      "limit=1.5",
    ])
      expect(await ask(`?${bad}`)).toMatchObject({ status: 400, body: { code: "invalid_option" } });
    // one that is gone by then is no hindrance
    await inTestHost(stub, ({ exporter }) => exporter.delete(found[3] ?? ""));
    expect((await ask(`?cursor=${found[3]}`)).body.dumps.map(({ dumpId }) => dumpId)).toEqual(found.slice(4));
  });
});
