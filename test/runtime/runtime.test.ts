/** What the design leans on, as the platform does it. If one of these fails, a decision wants to be thought over. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { deflateRawSync, constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { withStoredAlarm } from "../../src/alarm/stored-alarm.ts";
import { withDatabase } from "../support/database.ts";

const one = (sql: SqlStorage, query: string, ...values: SqlStorageValue[]) => [...sql.exec(query, ...values).raw()][0];

describe("SQLite in workerd", () => {
  it("rounds INTEGER to a double, and gives it exactly as text", async () => {
    await withDatabase((sql) => {
      expect(one(sql, "SELECT 9007199254740993, CAST(9007199254740993 AS TEXT)")).toEqual([
        9007199254740992,
        "9007199254740993",
      ]);
      expect(one(sql, "SELECT CAST(CAST(? AS INTEGER) AS TEXT)", "9007199254740993")).toEqual(["9007199254740993"]);
    });
  });

  it("refuses SQL that ends in a comment alone, and takes one behind a statement", async () => {
    await withDatabase((sql) => {
      expect(() => sql.exec("SELECT 1;\n-- the end\n")).toThrow("did not contain a statement");
      expect(one(sql, "SELECT 1;\nSELECT 2\n-- the end\n")).toEqual([2]);
    });
  });

  it("runs the triggers that were made last first, also when it has read the schema anew", async () => {
    // an undo log marks a row that is new before a host's trigger can move it: src/snapshot/triggers.ts
    const stub = env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      sql.exec("CREATE TABLE t (a); CREATE TABLE seen (who)");
      for (const when of ["BEFORE", "AFTER"])
        for (const who of ["m", "z", "a"])
          sql.exec(`CREATE TRIGGER ${who}_${when} ${when} INSERT ON t BEGIN INSERT INTO seen VALUES ('${who}'); END`);
    });
    const seen = () =>
      runInDurableObject(env.PROBE.get(stub.id), (_, { storage: { sql } }) => {
        sql.exec("DELETE FROM seen; INSERT INTO t VALUES (1)");
        return one(sql, "SELECT group_concat(who, '') FROM seen");
      });
    expect(await seen()).toEqual(["azmazm"]);
    await abortAllDurableObjects();
    expect(await seen()).toEqual(["azmazm"]);
  });

  it("binds every number as REAL", async () => {
    await withDatabase((sql) => expect(one(sql, "SELECT typeof(?)", 5)).toEqual(["real"]));
  });

  it("cuts text at a NUL in quote(), prints -0.0 as 0.0, and infinity in three ways", async () => {
    await withDatabase((sql) => {
      expect(
        one(sql, "SELECT quote('a' || char(0) || 'b'), quote(-0.0), quote(9e999), concat(9e999), json_quote(9e999)"),
      ).toEqual(["'a'", "0.0", "9.0e+999", "Inf", "9.0e+999"]);
    });
  });

  it("stops at a NUL in GLOB, but not in instr()", async () => {
    await withDatabase((sql) => {
      expect(one(sql, "SELECT ('a' || char(0) || ',') GLOB '*,*', instr('a' || char(0) || ',', ',')")).toEqual([0, 3]);
    });
  });

  it("tells -0.0 by atan2()", async () => {
    await withDatabase((sql) => expect(one(sql, "SELECT atan2(-0.0, -1) < 0, atan2(0.0, -1) < 0")).toEqual([1, 0]));
  });

  it("refuses a BLOB in json_object(), or takes it for JSONB", async () => {
    await withDatabase((sql) => {
      expect(one(sql, "SELECT json_object('a', x'00')")).toEqual(['{"a":null}']);
      expect(() => one(sql, "SELECT json_object('a', x'ff')")).toThrow("JSON cannot hold BLOB values");
    });
  });

  it("concatenates a page's rows in their order", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (3), (1), (2)");
      expect(one(sql, "SELECT group_concat(r) FROM (SELECT a AS r FROM t ORDER BY a DESC LIMIT 10)")).toEqual([
        "3,2,1",
      ]);
    });
  });

  it("takes 127 arguments, 100 columns, an expression 100 deep and 100,000 bytes of SQL, and no more", async () => {
    await withDatabase((sql) => {
      const list = (count: number, part = "1") => Array.from({ length: count }, () => part).join(",");
      expect(() => one(sql, `SELECT concat(${list(127)})`)).not.toThrow();
      expect(() => one(sql, `SELECT concat(${list(128)})`)).toThrow("too many arguments");
      expect(() => one(sql, `SELECT ${list(100)}`)).not.toThrow();
      expect(() => one(sql, `SELECT ${list(101)}`)).toThrow("too many columns in result set");
      expect(() => one(sql, `SELECT ${Array.from({ length: 101 }, () => "'a'").join("||")}`)).toThrow("too large");
      expect(() => one(sql, `SELECT 1 --${"x".repeat(100_000)}`)).toThrow("too long");
    });
  });

  it("holds values of 8 MiB, and no result beyond", async () => {
    await withDatabase((sql) => {
      expect(one(sql, "SELECT length(zeroblob(8388608))")).toEqual([8388608]);
      expect(() => one(sql, "SELECT quote(zeroblob(8388608))")).toThrow(/SQLITE_TOOBIG|SQLITE_NOMEM/);
    });
  });

  it("reads a page by a key bound as text in as many rows as the page has", async () => {
    await withDatabase((sql) => {
      sql.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) INSERT INTO t SELECT i FROM n`);
      const rowsRead = (query: string, ...values: SqlStorageValue[]) => {
        const cursor = sql.exec(query, ...values);
        cursor.toArray();
        return cursor.rowsRead;
      };
      expect(rowsRead("SELECT a FROM t WHERE a > CAST(? AS INTEGER) ORDER BY a LIMIT 100", "500")).toBe(100);
      expect(rowsRead("SELECT a FROM t ORDER BY a LIMIT 100 OFFSET 500")).toBe(600);
      expect(rowsRead("SELECT count(*) FROM t")).toBe(900);
    });
  });

  it("has no snapshot for a cursor: a later write shows through it", async () => {
    await withDatabase((sql) => {
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'old'), (2, 'old'), (3, 'old')");
      const cursor = sql.exec<{ b: string }>("SELECT b FROM t ORDER BY a");
      expect(cursor.next().value).toEqual({ b: "old" });
      sql.exec("UPDATE t SET b = 'new'");
      cursor.next(); // it reads one row ahead
      expect(cursor.next().value).toEqual({ b: "new" });
    });
  });
});

describe("alarms", () => {
  it("are set to now when their time has passed", async () => {
    const stub = env.BUSY_HOST.get(env.BUSY_HOST.idFromName(crypto.randomUUID()));
    await runInDurableObject(stub, async (_, state) => {
      const before = Date.now();
      const [, set] = await Promise.all([state.storage.setAlarm(1000), state.storage.getAlarm()]);
      expect(set).toBeGreaterThanOrEqual(before);
      await state.storage.deleteAlarm();
    });
  });

  it("stand while their handler runs, although none is shown; then they are gone, or shown again to be tried anew", async () => {
    // the exporter sets none in that time: src/alarm/stored-alarm.ts
    for (const fails of [false, true]) {
      const stub = env.DIARY_HOST.get(env.DIARY_HOST.newUniqueId());
      await runInDurableObject(stub, async (host, { storage }) => {
        const stored = () =>
          withStoredAlarm(
            storage,
            () => false,
            async (standing) => standing,
          );
        const seen = async () => [await storage.getAlarm(), await stored()];
        expect(await seen()).toEqual([null, null]);
        host.deeds = [{ takes: 500, fails }];
        const time = Date.now() + 100;
        await storage.setAlarm(time);
        expect(await seen()).toEqual([time, time]);
        const rows = storage.sql.exec("SELECT id FROM files");
        rows.next();
        await scheduler.wait(300);
        expect(host.isRunning).toBe(true);
        expect(await seen()).toEqual([null, time]);
        await scheduler.wait(600);
        expect(await seen()).toEqual(fails ? [time, time] : [null, null]);
        expect(rows.toArray().length).toBeGreaterThan(200); // no cursor was closed by looking
      });
    }
  });

  it("commit with the rows of the same turn, or not at all", async () => {
    const name = crypto.randomUUID();
    const stub = () => env.BUSY_HOST.get(env.BUSY_HOST.idFromName(name));
    await runInDurableObject(stub(), (_, state) => void state.storage.sql.exec("CREATE TABLE t (a)"));
    await runInDurableObject(stub(), (_, state) => {
      state.storage.sql.exec("INSERT INTO t VALUES (1)");
      void state.storage.setAlarm(Date.now() + 60_000);
      state.abort("at the worst moment");
    }).catch(() => {}); // abort() rejects with its own reason
    await abortAllDurableObjects();
    await runInDurableObject(stub(), async (_, state) => {
      expect(one(state.storage.sql, "SELECT count(*) FROM t")).toEqual([0]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("R2", () => {
  const part = new Uint8Array(5 * 1024 * 1024);
  const begin = () => env.EXPORTS.createMultipartUpload(crypto.randomUUID());

  it("wants all parts but the last of one size", async () => {
    const upload = await begin();
    const parts = [
      await upload.uploadPart(1, part),
      await upload.uploadPart(2, new Uint8Array(part.length + 1)),
      await upload.uploadPart(3, part),
    ];
    await expect(upload.complete(parts)).rejects.toThrow("(10048)");
    await upload.abort();
  });

  it("replaces a part that is sent again, and gives it another etag", async () => {
    const upload = await begin();
    const first = await upload.uploadPart(1, Uint8Array.of(1));
    const second = await upload.uploadPart(1, Uint8Array.of(2));
    expect(second.etag).not.toBe(first.etag);
    await upload.complete([second]);
    const object = await env.EXPORTS.get(upload.key);
    expect(new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(Uint8Array.of(2));
  });

  it("refuses a second complete, and keeps the object of the first", async () => {
    const upload = await begin();
    const parts = [await upload.uploadPart(1, Uint8Array.of(1))];
    await upload.complete(parts);
    await expect(upload.complete(parts)).rejects.toThrow("(10024)");
    expect((await env.EXPORTS.head(upload.key))?.size).toBe(1);
  });

  it("takes an upload of one empty part", async () => {
    const upload = await begin();
    await upload.complete([await upload.uploadPart(1, new Uint8Array())]);
    expect((await env.EXPORTS.head(upload.key))?.size).toBe(0);
  });
});

describe("compression", () => {
  const text = new TextEncoder().encode("INSERT INTO t VALUES(1,'some text');\n".repeat(1000));

  it("makes one gzip member of blocks that are each flushed", async () => {
    const [header, trailer] = [gzipSync(text).subarray(0, 10), gzipSync(Buffer.concat([text, text])).subarray(-8)];
    const block = deflateRawSync(text, { finishFlush: constants.Z_FULL_FLUSH });
    const file = Buffer.concat([header, block, block, deflateRawSync(new Uint8Array()), trailer]);
    expect(gunzipSync(file)).toHaveLength(2 * text.length);
    const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"));
    expect((await new Response(stream).arrayBuffer()).byteLength).toBe(2 * text.length);
  });

  it("has a zstd that flushes what it cannot end, and whose decoder stops behind the first frame", () => {
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    expect(() => zstdCompressSync(noise)).toThrow("Unexpected end of file"); // beyond its first 40 KiB: zlib-util.c++:938
    const flushed = zstdCompressSync(noise, { finishFlush: constants.ZSTD_e_flush });
    const last = Uint8Array.of(1, 0, 0);
    expect(zstdDecompressSync(Buffer.concat([flushed, last]))).toEqual(Buffer.from(noise));
    expect(() => zstdDecompressSync(flushed)).toThrow("unexpected end of file");
    expect(zstdDecompressSync(Buffer.concat([zstdCompressSync("one"), zstdCompressSync("two")])).toString()).toBe(
      "one",
    );
    // it asks for more of a frame that it has ended, where that filled its buffer: zlib-util.c++:1011
    const filling = zstdCompressSync(new Uint8Array(40 * 1024));
    expect(() => zstdDecompressSync(filling)).toThrow("unexpected end of file");
  });

  it("refuses a second gzip member in DecompressionStream", async () => {
    const stream = new Blob([gzipSync(text), gzipSync(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
    await expect(new Response(stream).arrayBuffer()).rejects.toThrow();
  });
});
