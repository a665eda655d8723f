/** A host may have any name: what is not the exporter's is exported like all else, is never touched, and is told of where it is in the way. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { Exporter } from "../../src/exporter.ts";
import { dropSomeLeftovers } from "../../src/snapshot/registry.ts";
import type { TestHost } from "../support/test-host.ts";
import { textOf, warningsOf, withDatabase } from "../support/database.ts";
import { filledTestHost, finished, inTestHost, run, storedBytes } from "../support/jobs.ts";
import { runSliced, sliceBySlice, withObject } from "../support/slices.ts";
import { freeze } from "../support/undo-log.ts";

/** Things of a host's with names as the exporter has, or had. */
const hosts = [
  ["CREATE TABLE _durable_export_mine (a)", "_durable_export_mine"],
  ["CREATE TABLE _export_undo_x (a)", "_export_undo_x"],
  ["CREATE TABLE _export_jobs (id TEXT PRIMARY KEY, a)", "_export_jobs"],
  ["CREATE TABLE _durable_export_undo_x (a)", "_durable_export_undo_x"],
  ["CREATE TABLE _DURABLE_EXPORT_undo_job_0_old (a)", "_DURABLE_EXPORT_undo_job_0_old"],
  ["CREATE TABLE _durable_export_watch_1 (a)", "_durable_export_watch_1"],
  ["CREATE TABLE __miniflare_x (a)", "__miniflare_x"],
  ["CREATE VIEW _durable_export_view AS SELECT 1", "_durable_export_view"],
  ["CREATE TABLE t2 (a); CREATE INDEX _durable_export_index ON t2 (a)", "_durable_export_index"],
  [
    "CREATE TABLE t3 (a); CREATE TRIGGER _durable_export_undo_job_0_bd AFTER INSERT ON t3 BEGIN SELECT 1; END",
    "_durable_export_undo_job_0_bd",
  ],
] as const;

/** What the exporter would need the name of. */
const inTheWay = [
  "TABLE _durable_export_jobs (id)",
  "TABLE _DURABLE_EXPORT_PARTS (a)",
  "VIEW _durable_export_alarm AS SELECT 1 AS one",
  "INDEX _durable_export_remainder ON files (name)",
  "TABLE _durable_export_undo (job, n, name)",
  "TABLE _durable_export_Traces (job TEXT PRIMARY KEY, state TEXT NOT NULL)",
  "VIEW _durable_export_undo AS SELECT 1",
] as const;

/** But for the table of notes, which stays when an export is over. */
const linesOf = (sql: SqlStorage) =>
  sql
    .exec(
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name <> '_durable_export_changed'",
    )
    .toArray();

describe("what is the host's", () => {
  it.each(hosts)("is exported and kept, whatever it is called: %s", async (definition, name) => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (a); INSERT INTO t VALUES (1); ${definition}`);
      if (definition.startsWith("CREATE TABLE _")) sql.exec(`INSERT INTO ${name} (a) VALUES ('mine')`);
      const [lines, text] = [linesOf(sql), textOf(sql)];
      expect(text).toContain(definition.split("; ").at(-1));
      if (definition.startsWith("CREATE TABLE _")) expect(text).toContain("'mine'");
      expect(warningsOf(sql)).toEqual([]);
      // an export's names begin with its id, which is random; that of the tests is `job`
      if (/undo_job_/.test(name)) expect(() => freeze(sql)).toThrow(`"${name}" is in its place`);
      else freeze(sql).drop();
      dropSomeLeftovers(sql);
      expect(linesOf(sql)).toEqual(lines);
      expect(textOf(sql)).toBe(text);
    });
  });

  it("stays when an exporter is made, jobs run, are cancelled, and are lost", async () => {
    const stub = await filledTestHost(300);
    const mine = "_durable_export_undo_20260101-000000-00000000_0_old";
    await run(stub, `CREATE TABLE "${mine}" (a); INSERT INTO "${mine}" VALUES (1), (2)`);
    await run(stub, "CREATE TABLE _export_undo (a); INSERT INTO _export_undo VALUES (3)");
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start());
    expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "snapshot" });
    const text = new TextDecoder().decode((await storedBytes(stub, dumpId)) ?? undefined);
    expect(text).toContain(`CREATE TABLE "${mine}"`);
    expect(text).not.toContain("_durable_export_jobs");
    await inTestHost(stub, async ({ exporter }, state) => {
      const other = await exporter.start();
      await exporter.delete(other.dumpId);
      await exporter.start();
      const nextLife = new Proxy(state, { get: (target, name) => memberOf(target, name) });
      expect(new Exporter(nextLife, { bucket: env.EXPORTS }).list().length).toBe(3);
    });
    expect(await run(stub, `SELECT a FROM "${mine}" UNION ALL SELECT a FROM _export_undo`)).toEqual([
      { a: 1 },
      { a: 2 },
      { a: 3 },
    ]);
  });

  it.each(["_durable_export_undo", "_durable_export_traces", "_durable_export_changed", "_durable_export_jobs"])(
    "stays where the exporter's own table of that name was before, in the same life of the object: %s",
    async (name) => {
      await withObject(async (state) => {
        const { sql } = state.storage;
        sql.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        expect((await runSliced(state, {}, () => {})).status.status).toBe("complete");
        sql.exec(
          `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (job TEXT, state DEFAULT 'over', mine); INSERT INTO ${name} (mine) VALUES ('kept')`,
        );
        const exporter = sliceBySlice(state);
        await exporter.alarm();
        const text = await new Response(exporter.dump().body).text();
        expect(text).toContain(`INSERT INTO "${name}" VALUES(NULL,'over','kept')`);
        await expect(exporter.start()).rejects.toMatchObject({ code: "name_taken", details: { name } });
        expect(sql.exec(`SELECT mine FROM ${name}`).toArray()).toEqual([{ mine: "kept" }]);
      });
    },
  );

  it.each(inTheWay)("is told of where it is in the way: %s", async (definition) => {
    const stub = await filledTestHost(300);
    await run(stub, `CREATE ${definition}`);
    const name = definition.split(" ")[1];
    const lines = () => inTestHost(stub, (_, state) => linesOf(state.storage.sql));
    const before = await lines();
    await inTestHost(stub, async ({ exporter }: TestHost) => {
      await expect(exporter.start()).rejects.toMatchObject({ code: "name_taken", details: { name } });
      expect(exporter.list()).toEqual([]);
      expect(exporter.nextAlarm()).toBeNull();
      const text = await new Response(exporter.dump({ consistency: "fuzzy" }).body).text();
      expect(text).toContain(`CREATE ${definition}`);
      expect(text).toMatch(/-- dump complete: \d+ tables, \d+ rows\n$/);
      // small enough for one turn, for which no snapshot is needed
      expect(await new Response(exporter.dump({ tables: ["notes"] }).body).text()).toContain("'note 300'");
      const whole = new Response(exporter.dump().body).text();
      await expect(whole).rejects.toMatchObject({ code: "name_taken", message: expect.stringContaining(`"${name}"`) });
    });
    // what was there is there, and behind it nothing of an export's
    const after = await lines();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.filter(({ type }) => type === "trigger")).toEqual([]);
    await run(stub, `DROP ${definition.split(" ").slice(0, 2).join(" ")}`);
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start());
    expect((await finished(stub, dumpId)).status).toBe("complete");
  });
});

function memberOf(target: DurableObjectState, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}

describe("what is the exporter's", () => {
  it("is left out without a word, also while an export of another Exporter is under way", async () => {
    const stub = env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
    await runInDurableObject(stub, (_, state) => {
      const { sql } = state.storage;
      sql.exec("CREATE TABLE t (a PRIMARY KEY, b UNIQUE); INSERT INTO t VALUES (1, 2)");
      const text = textOf(sql);
      const log = freeze(sql);
      expect(linesOf(sql).length).toBeGreaterThan(5);
      expect(textOf(sql)).toBe(text);
      expect(warningsOf(sql)).toEqual([]);
      expect(new Exporter(state).nextAlarm()).toBeNull(); // sweeps, when it is made
      log.drop();
      expect(textOf(sql)).toBe(text);
    });
  });
});
