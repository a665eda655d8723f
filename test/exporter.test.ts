/** What a download costs: nothing before it is read, nothing after it is cancelled, and one step at a time; and how a host asks for one, or for a job. */
import type { DumpRequest } from "../src/api.ts";
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { filledTestHost, finished, forwardedTo, inTestHost } from "./support/jobs.ts";
import { csv, Exporter, formats, type ExportOptions } from "../src/index.ts";

const [sql] = formats;
if (sql === undefined) throw new TypeError("There are no formats");
const options: ExportOptions = { format: sql, compress: "none", tables: null, exclude: [], content: "all" };

/** The platform's methods take no proxy for `this`. */
function memberOf(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === "function" ? member.bind(target) : member;
}

/** An exporter over 40,000 rows (about 6 MB), and how many pages it has read of them. */
async function withExporter(
  use: (exporter: Exporter, pages: () => number, ctx: DurableObjectState) => Promise<void>,
): Promise<void> {
  const stub = env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
  await runInDurableObject(stub, async (_, state) => {
    state.storage.sql.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) INSERT INTO t SELECT i, printf('%0150d', i) FROM n`);
    let pages = 0;
    const counted = new Proxy(state.storage.sql, {
      get: (target, name) =>
        name === "exec"
          ? (query: string, ...values: unknown[]) => {
              if (query.includes('FROM "t"') && query.includes("LIMIT")) pages++;
              return target.exec(query, ...values);
            }
          : Reflect.get(target, name, target),
    });
    const storage = new Proxy(state.storage, {
      get: (target, name) => (name === "sql" ? counted : memberOf(target, name)),
    });
    const ctx = new Proxy(state, {
      get: (target, name) => (name === "storage" ? storage : memberOf(target, name)),
    });
    await use(new Exporter(ctx), () => pages, ctx);
  });
}

describe("a download", () => {
  it("reads nothing before it is asked, and one step for each read", async () => {
    await withExporter(async (exporter, pages) => {
      const reader = exporter.dump(options).body.getReader();
      await scheduler.wait(20);
      expect(pages()).toBe(0);
      await reader.read();
      await scheduler.wait(20);
      const first = pages();
      expect(first).toBeLessThanOrEqual(6); // small pages are gathered up to 64 KiB, behind a look whether the table is small
      await reader.read();
      await scheduler.wait(20);
      expect(pages() - first).toBeLessThanOrEqual(2);
      await reader.cancel();
    });
  });

  it("takes the default of every option that is missing, and no table that there is not", async () => {
    await withExporter(async (exporter) => {
      const whole = await new Response(exporter.dump().body).text();
      expect(whole).toBe(await new Response(exporter.dump(options).body).text());
      const { fileName, body } = exporter.dump({ format: csv, tables: ["T"], formatOptions: { bom: "1" } });
      expect(fileName).toMatch(/\.csv$/);
      expect([...(await new Response(body).bytes()).subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
      expect(() => exporter.dump({ tables: ["u"] })).toThrow(
        'Option "tables" names "u", and no table has that name; there are "t"',
      );
    });
  });

  it("takes a program's name for the format and the options that it needs, and what is said beside it", async () => {
    await withExporter(async (exporter) => {
      const first = async (asked: DumpRequest) =>
        (await new Response(exporter.dump(asked).body).bytes()).subarray(0, 3);
      expect(exporter.describe({ for: "pandas", tables: ["t"] }).fileName).toMatch(/\.jsonl$/);
      expect(exporter.describe({ for: "pandas", format: csv, tables: ["t"] }).fileName).toMatch(/\.csv$/);
      expect([...(await first({ for: "excel", tables: ["t"] }))]).toEqual([0xef, 0xbb, 0xbf]);
      expect((await first({ for: "excel", tables: ["t"], formatOptions: { bom: "0" } }))[0]).toBe(0x22);
      expect(() => exporter.dump({ for: "bigquery" })).toThrow(
        'Option "for" is "bigquery"; allowed: postgres, mysql, duckdb, pandas, excel',
      );
    });
  });

  it("refuses what a request may not say either", async () => {
    await withExporter(async (exporter) => {
      const other = { ...csv, name: "mine" };
      for (const [wrong, message] of [
        [{ format: other }, "The format is none of the Exporter's; allowed: sql, csv, jsonl"],
        [{ tables: [] }, 'Option "tables" is an empty list; allowed: a list of names, or null for all'],
        [{ tables: ["t"], exclude: ["t"] }, 'Table "t" is in both "tables" and "exclude"'],
        [{ formatOptions: { target: "zz" } }, 'Option "formatOptions.target" is "zz"; allowed: sqlite, d1'],
        [
          { format: csv, formatOptions: { nulls: "1e5" } },
          'Option "formatOptions.nulls" is "1e5"; allowed: nothing, or up to 8 of',
        ],
        [{ formatOptions: { fromat: "x" } }, 'There is no option "formatOptions.fromat" for format "sql"'],
      ] as const)
        expect(() => exporter.dump(wrong)).toThrow(message);
    });
  });

  it("stops reading once it is cancelled", async () => {
    await withExporter(async (exporter, pages) => {
      const reader = exporter.dump(options).body.getReader();
      await reader.read();
      const before = pages();
      await reader.cancel("the client has gone");
      await scheduler.wait(50);
      expect(pages()).toBe(before);
    });
  });

  it("is refused while four others are under way, and takes the place of one that is read, cancelled or broken", async () => {
    await withExporter(async (exporter, _, ctx) => {
      const [one, two, three, four] = Array.from({ length: 4 }, () => exporter.dump(options).body);
      const refused = "Cannot begin a download: 4 are under way, the limit is 4";
      expect(() => exporter.dump(options)).toThrow(refused);
      await one?.cancel();
      await exporter.dump(options).body.cancel();
      for await (const chunk of two ?? []) expect(chunk.length).toBeGreaterThan(0);
      const fifth = exporter.dump(options).body;
      const sixth = exporter.dump(options).body;
      expect(() => exporter.dump(options)).toThrow(refused);
      ctx.storage.sql.exec("DROP TABLE t");
      for (const body of [three, four, fifth, sixth])
        await expect(new Response(body).bytes()).rejects.toThrow("Cannot go on with the export: the schema changed");
      await exporter.dump(options).body.cancel();
    });
  });

  it("hands on chunks of at most a page, so that its memory does not depend on the table", async () => {
    await withExporter(async (exporter) => {
      let [largest, all] = [0, 0];
      for await (const chunk of exporter.dump(options).body) {
        largest = Math.max(largest, chunk.length);
        all += chunk.length;
      }
      expect(all).toBeGreaterThan(6_000_000);
      expect(largest).toBeLessThan(512 * 1024);
    });
  });

  it("fails when the schema changes under it, instead of ending as if it were whole", async () => {
    await withExporter(async (exporter, _, ctx) => {
      const { body } = exporter.dump(options);
      const reader = body.getReader();
      await reader.read();
      ctx.storage.sql.exec("CREATE TABLE late (a)");
      const rest = (async () => {
        while (!(await reader.read()).done);
      })();
      await expect(rest).rejects.toThrow("the schema changed while it ran");
    });
  });

  it("is the database of its beginning, whatever is written between two reads, and leaves nothing", async () => {
    await withExporter(async (exporter, _, ctx) => {
      const { sql: database } = ctx.storage;
      const undo = () =>
        database
          .exec("SELECT name FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_undo\\__%' ESCAPE '\\'")
          .toArray().length;
      const wanted = await new Response(exporter.dump(options).body).text();
      expect(undo()).toBe(0);
      const cancelled = exporter.dump(options).body.getReader();
      await cancelled.read();
      expect(undo()).toBeGreaterThan(0);
      await cancelled.cancel();
      expect(undo()).toBe(0);
      const reader = exporter.dump(options).body.getReader();
      let text = "";
      const decoder = new TextDecoder();
      for (let turn = 0; ; turn++) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        if (turn === 0) expect(undo()).toBeGreaterThan(0);
        database.exec("UPDATE t SET a = 'changed' WHERE id % 7 = ?", turn % 7);
        database.exec("DELETE FROM t WHERE id % 11 = ?", turn % 11);
        database.exec("INSERT OR REPLACE INTO t VALUES (?, 'new')", 39_000 - turn);
      }
      expect(text === wanted).toBe(true);
      expect(undo()).toBe(0);
      expect((await new Response(exporter.dump(options).body).text()) === wanted).toBe(false);
    });
  });

  it("that is asked for as fuzzy costs writers nothing", async () => {
    await withExporter(async (exporter, _, ctx) => {
      const reader = exporter.dump({ ...options, consistency: "fuzzy" }).body.getReader();
      await reader.read();
      const triggers = ctx.storage.sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").toArray();
      expect(triggers).toEqual([]);
      await reader.cancel();
    });
  });

  it("leaves nothing when the object is lost, or when nobody reads from it", async () => {
    await withExporter(async (exporter, _, ctx) => {
      const undo = () =>
        ctx.storage.sql.exec("SELECT name FROM sqlite_schema WHERE name = '_durable_export_undo'").toArray().length;
      const reader = exporter.dump(options).body.getReader();
      await reader.read();
      expect(new Exporter(ctx).nextAlarm()).toBeNull(); // of the same life: it is not the one to clear away
      expect(undo()).toBe(1);
      const nextLife = new Proxy(ctx, { get: (target, name) => memberOf(target, name) });
      expect(new Exporter(nextLife).nextAlarm()).toBeNull();
      expect(undo()).toBe(0);
      await reader.cancel();

      const idle = exporter.dump(options).body.getReader();
      await idle.read();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 60_000 });
      try {
        await exporter.alarm();
        expect(undo()).toBe(0);
        await expect(idle.read()).rejects.toThrow("nobody has read from it for too long");
      } finally {
        vi.useRealTimers();
      }
    });
  });
});

describe("a job", () => {
  it("is the same one for a host and for a request that say the same", async () => {
    const stub = await filledTestHost(1);
    const { dumpId } = await inTestHost(stub, ({ exporter }) => exporter.start({}, "key"));
    const request = new Request(forwardedTo("/dump"), { method: "POST", headers: { "Idempotency-Key": "key" } });
    const posted = await inTestHost(stub, async (object) => (await object.fetch(request)).json());
    expect(posted).toMatchObject({ dumpId });
    const again = await inTestHost(stub, ({ exporter }) => exporter.start({ gzip: false, tables: null }, "key"));
    expect(again.dumpId).toBe(dumpId);
    await finished(stub, dumpId);
  });
});
