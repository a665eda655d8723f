/** With many tables nothing that an export does takes long by itself: the host's requests come in between. And what that leans on. */
import { describe, expect, it } from "vitest";
import { JobStore } from "../../src/job/store.ts";
import type { TestHost } from "../support/test-host.ts";
import { equal, expected, filledTestHost, finished, inTestHost, options, storedBytes } from "../support/jobs.ts";

const tables = 1500;

async function manyTables(name = "table"): Promise<DurableObjectStub<TestHost>> {
  const stub = await filledTestHost(1);
  await inTestHost(stub, (_, { storage }) => make(storage, name));
  return stub;
}

function make({ sql }: DurableObjectStorage, name: string): void {
  for (let at = 0; at < tables; at++) {
    sql.exec(`CREATE TABLE ${name}_${at} (id INTEGER PRIMARY KEY, a TEXT)`);
    sql.exec(`INSERT INTO ${name}_${at} (a) VALUES ('row of ${name} ${at}')`);
  }
}

interface Most {
  /** Statements. */
  asked: number;
  /** Statements that go through the whole schema. */
  schema: number;
  /** Characters that were read as JSON. */
  parsed: number;
}

/** The most that was done between two moments in which the host could do something, while `work` was done. */
async function mostInTurn(state: DurableObjectState, work: () => Promise<unknown>): Promise<Most> {
  const { sql } = state.storage;
  const exec = sql.exec.bind(sql);
  const parse = JSON.parse.bind(JSON);
  const most: Most = { asked: 0, schema: 0, parsed: 0 };
  let now: Most = { ...most };
  Object.defineProperty(sql, "exec", {
    configurable: true,
    value: (...query: Parameters<SqlStorage["exec"]>) => {
      now.asked++;
      const [text] = query;
      const isWhole =
        /FROM sqlite_schema|pragma_table_list/.test(text) && !/^EXPLAIN|rowid = |max\(rowid\)|LIMIT \?/.test(text);
      if (isWhole || /^(?:CREATE|DROP)/.test(text)) now.schema++;
      return exec(...query);
    },
  });
  JSON.parse = (text: string, ...more: readonly []) => {
    now.parsed += text.length;
    return parse(text, ...more);
  };
  const watch = { isOpen: true };
  const look = async () => {
    while (watch.isOpen) {
      for (const name of ["asked", "schema", "parsed"] as const) most[name] = Math.max(most[name], now[name]);
      now = { asked: 0, schema: 0, parsed: 0 };
      await scheduler.wait(0);
    }
  };
  const looking = look();
  try {
    await work();
  } finally {
    watch.isOpen = false;
    await looking;
    JSON.parse = parse;
    Reflect.deleteProperty(sql, "exec");
  }
  return most;
}

const bounded = ({ asked, schema, parsed }: Most) => {
  expect(asked).toBeLessThan(600);
  expect(schema).toBeLessThan(24);
  expect(parsed).toBeLessThan(800_000);
};

describe("an export of many tables", () => {
  it.each(["sql", "csv"] as const)("never does much in one turn: a job as %s", async (format) => {
    const stub = await manyTables();
    const wanted = await expected(stub, { format });
    const dumpId = await inTestHost(stub, async ({ exporter }, state) => {
      let id = "";
      const begun = await mostInTurn(state, async () => ({ dumpId: id } = await exporter.start(options({ format }))));
      bounded(begun);
      const done = await mostInTurn(state, async () => {
        while (exporter.status(id).status === "running") await scheduler.wait(5);
        await scheduler.wait(50);
      });
      bounded(done);
      bounded(await mostInTurn(state, async () => exporter.list()));
      return id;
    });
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
    expect(equal(await storedBytes(stub, dumpId), wanted)).toBe(true);
  });

  it.each(["sql", "csv"] as const)("never does much in one turn: a download as %s", async (format) => {
    const stub = await manyTables();
    const wanted = await expected(stub, { format });
    const found = await inTestHost(stub, async ({ exporter }, state) => {
      let bytes = new Uint8Array();
      bounded(
        await mostInTurn(state, async () => {
          bytes = new Uint8Array(await new Response(exporter.dump(options({ format })).body).arrayBuffer());
        }),
      );
      return bytes;
    });
    expect(equal(found, wanted)).toBe(true);
  });

  it("is of the tables that there are when it begins, though the host has deleted all and made as many others meanwhile", async () => {
    const stub = await manyTables("one");
    const dumpId = await inTestHost(stub, async ({ exporter }, { storage }) => {
      const starting = exporter.start(options());
      for (let turn = 0; turn < 3; turn++) await scheduler.wait(0);
      await storage.deleteAll();
      storage.sql.exec(
        "CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB); CREATE TABLE notes (body TEXT);",
      );
      make(storage, "other");
      return (await starting).dumpId;
    });
    expect((await finished(stub, dumpId)).status).toBe("complete");
    const text = new TextDecoder().decode((await storedBytes(stub, dumpId)) ?? new Uint8Array());
    expect(text).not.toContain("one_");
    expect(text.match(/CREATE TABLE other_/g)?.length).toBe(tables);
    expect(text.match(/row of other/g)?.length).toBe(tables);
  });
});

describe("a job of many tables in its row", () => {
  it("is what was written last, also where the host takes that back", async () => {
    const stub = await manyTables();
    await inTestHost(stub, async ({ exporter }, { storage }) => {
      const { dumpId } = await exporter.start(options());
      const store = new JobStore(storage.sql);
      const pieces = () =>
        storage.sql
          .exec<{ n: number; text: string }>("SELECT n, text FROM _durable_export_pieces WHERE job = ?", dumpId)
          .toArray();
      const before = store.get(dumpId);
      const first = pieces()[0];
      expect(before.tables.length).toBeGreaterThan(tables);
      expect(store.get(dumpId)).toBe(before); // not read again
      store.save({ ...before, attempts: 7 });
      expect(store.get(dumpId)).toEqual({ ...before, attempts: 7 });
      expect(pieces()[0]).toEqual(first);
      expect(() =>
        storage.transactionSync(() => {
          store.save({ ...before, attempts: 8, warnings: ["taken back"] });
          expect(store.get(dumpId)).toMatchObject({ attempts: 8, warnings: ["taken back"] });
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(store.get(dumpId)).toEqual({ ...before, attempts: 7 });
      store.save({ ...before, attempts: 9 });
      expect(store.get(dumpId)).toEqual({ ...before, attempts: 9 });
      // all pieces, joined, are the job as JSON
      const joined = pieces()
        .map(({ text }) => text)
        .join("");
      expect(JSON.parse(joined)).toEqual({ ...before, attempts: 9 });
      store.save({ ...before, tables: [], estimate: {}, facts: { leftOut: [], indexes: [] } });
      expect(pieces()).toEqual([]);
      expect(store.get(dumpId).tables).toEqual([]);
      await exporter.delete(dumpId);
    });
  });
});
