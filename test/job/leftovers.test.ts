/**
 * Somebody deletes a job, or everything, at any call to R2 that it makes, just before or just behind it, and R2 fails with the next call; or the object is
 * lost there. When all has settled there is nothing: no object, no upload, no row.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { objectPrefix } from "../../src/api.ts";
import type { MultipartUpload, Sink } from "../../src/sink/sink.ts";
import { filledTestHost, inTestHost, options as asked } from "../support/jobs.ts";
import { sliceBySlice, withObject, type Slices } from "../support/slices.ts";

const calls = ["create", "part", "put", "complete", "get"] as const;
type Call = (typeof calls)[number] | "abort" | "delete" | "head" | "list";
type Moment = "before" | "behind";

/** The real bucket; at the n-th call of a name, before it or behind it, something happens once. */
class Watched {
  readonly uploads: { readonly key: string; readonly uploadId: string }[] = [];
  /** Called around each call; what it throws, the call throws. */
  around: (call: Call, moment: Moment) => unknown = () => undefined;

  readonly sink: Sink = {
    createMultipartUpload: async (key, metadata) => {
      const upload = await this.#call("create", async () => {
        const made = await env.EXPORTS.createMultipartUpload(key, metadata);
        this.uploads.push({ key, uploadId: made.uploadId });
        return made;
      });
      return this.#upload(upload);
    },
    resumeMultipartUpload: (key, uploadId) => this.#upload(env.EXPORTS.resumeMultipartUpload(key, uploadId)),
    get: (key, range) => this.#call("get", () => env.EXPORTS.get(key, range)),
    put: (key, text, metadata) => this.#call("put", () => env.EXPORTS.put(key, text, metadata)),
    head: (key) => this.#call("head", () => env.EXPORTS.head(key)),
    delete: (keys) => this.#call("delete", () => env.EXPORTS.delete(keys)),
    list: (options) => this.#call("list", () => env.EXPORTS.list(options)),
  };

  #upload(inner: MultipartUpload): MultipartUpload {
    return {
      uploadId: inner.uploadId,
      uploadPart: (number, bytes) => this.#call("part", () => inner.uploadPart(number, bytes)),
      complete: (parts) => this.#call("complete", () => inner.complete(parts)),
      abort: () => this.#call("abort", () => inner.abort()),
    };
  }

  async #call<T>(name: Call, ask: () => Promise<T>): Promise<T> {
    await this.around(name, "before");
    const answer = await ask();
    await this.around(name, "behind");
    return answer;
  }

  /** Uploads that R2 still has, and keys of objects. */
  async left(prefix: string): Promise<readonly string[]> {
    const { objects } = await env.EXPORTS.list({ prefix });
    const open = await Promise.all(
      this.uploads.map(async ({ key, uploadId }) => {
        const part = env.EXPORTS.resumeMultipartUpload(key, uploadId).uploadPart(2, "is it there?");
        return part.then(
          () => [`upload of ${key}`],
          () => [],
        );
      }),
    );
    return [...objects.map(({ key }) => key), ...open.flat()];
  }
}

const fails = () => {
  throw new Error("R2 is down");
};
const never = () => new Promise<never>(() => {});

type Deletion = "DELETE" | "two DELETEs" | "storage.deleteAll()" | "exporter.deleteAll()";

const deletions: Readonly<
  Record<Deletion, (slices: Slices, id: string, state: DurableObjectState) => Promise<unknown>>
> = {
  DELETE: (slices, id) => slices.delete(id),
  "two DELETEs": async (slices, id) => {
    const first = slices.delete(id);
    await slices.delete(id).catch(() => undefined); // R2 may just fail
    await first;
  },
  "storage.deleteAll()": (_, __, state) => state.storage.deleteAll(),
  "exporter.deleteAll()": (slices) => slices.deleteAll(),
};

interface Case {
  readonly at: Call;
  readonly moment: Moment;
  readonly deletion: Deletion;
  /** What becomes of the call itself, and of the next one. */
  readonly next: "goes on" | "fails" | "next fails" | "next fails behind" | "is lost";
}

async function run({ at, moment, deletion, next }: Case): Promise<readonly string[]> {
  return withObject(async (state) => {
    const { sql } = state.storage;
    sql.exec("CREATE TABLE t (v); INSERT INTO t VALUES (randomblob(1000))");
    const watched = new Watched();
    const slices = sliceBySlice(state, { bucket: watched.sink });
    const { dumpId } = await slices.start({ verify: true });
    let deleting: Promise<unknown> = Promise.resolve();
    let happened = 0;
    watched.around = async (call, when) => {
      if (happened === 0 && call === at && when === moment) {
        happened = 1;
        deleting = deletions[deletion](slices, dumpId, state).catch(() => undefined);
        await scheduler.wait(0);
        if (next === "fails") fails();
        if (next === "is lost") await never();
      } else if (
        happened === 1 &&
        when === (next === "next fails behind" ? "behind" : "before") &&
        next.startsWith("next")
      ) {
        happened = 2;
        fails();
      }
    };
    const turns = (async () => {
      for (let turn = 0; turn < 9; turn++) await slices.alarm();
    })();
    if (next === "is lost") await vi.waitFor(() => expect(happened).toBe(1), { timeout: 20_000, interval: 5 });
    else await Promise.all([turns, scheduler.wait(1)]);
    if (next !== "is lost") await deleting;
    expect(happened).toBeGreaterThan(0);
    // what was refused is tried again later: now, here
    const later = sliceBySlice(state, { bucket: watched.sink });
    watched.around = () => undefined;
    const isThere = () =>
      sql.exec("SELECT 1 FROM sqlite_schema WHERE name = '_durable_export_jobs'").toArray().length > 0;
    for (let turn = 0; turn < 9 && isThere(); turn++) {
      sql.exec("UPDATE _durable_export_jobs SET wake = 0, job = json_set(job, '$.wakeMs', 0) WHERE state <> 'kept'");
      await later.alarm();
    }
    if (deletion === "exporter.deleteAll()") await later.deleteAll(); // as a host does that was told of an error, or lost
    if (deletion === "storage.deleteAll()" && next === "is lost") await later.deleteAll();
    const rows = isThere() ? later.list().map(({ status }) => status) : [];
    expect(rows).toEqual(deletion === "DELETE" ? ["cancelled"] : []);
    for (const table of ["parts", "remainder"])
      if (isThere()) expect(sql.exec(`SELECT * FROM _durable_export_${table}`).toArray()).toEqual([]);
    expect(sql.exec("SELECT name FROM sqlite_schema WHERE type = 'trigger'").toArray()).toEqual([]);
    const left = () => watched.left(objectPrefix(state.id.toString()));
    // of what no row tells a turn takes care itself, behind its end, and for some seconds
    if (deletion === "storage.deleteAll()" && next !== "is lost")
      await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000, interval: 50 });
    return left();
  });
}

const outcomes = ["goes on", "fails", "next fails", "next fails behind", "is lost"] as const;
const kinds = ["DELETE", "two DELETEs", "storage.deleteAll()", "exporter.deleteAll()"] as const;

/** Nobody can know of an upload whose creation R2 has done, and never told: it drops it after a week. */
function isKnown({ at, moment, deletion, next }: Case): boolean {
  const isAnswerLost = moment === "behind" ? next === "fails" || next === "is lost" : next === "next fails behind";
  if (at === "create" && isAnswerLost) return false;
  // with the rows and the life that knew of it, an upload is forgotten as well
  return !(
    deletion === "storage.deleteAll()" &&
    next === "is lost" &&
    at !== "get" &&
    !(at === "complete" && moment === "behind")
  );
}

describe.each(kinds)("%s", (deletion) => {
  it.each(outcomes)("at any call to R2, which %s, leaves nothing", async (next) => {
    const cases = calls
      .flatMap((at) => (["before", "behind"] as const).map((moment): Case => ({ at, moment, deletion, next })))
      .filter(isKnown);
    const left = await Promise.all(cases.map(async (one) => [one.at, one.moment, await run(one)]));
    expect(left).toEqual(cases.map(({ at, moment }) => [at, moment, []]));
  });
});

describe("exporter.deleteAll()", () => {
  const count = async (state: DurableObjectState) =>
    (await env.EXPORTS.list({ prefix: objectPrefix(state.id.toString()) })).objects.length;

  it("fails where R2 fails at any of its calls, and does the rest when it is called again", async () => {
    for (let failing = 1; failing < 6; failing++) {
      await withObject(async (state) => {
        state.storage.sql.exec("CREATE TABLE t (v); INSERT INTO t VALUES (1)");
        const watched = new Watched();
        const slices = sliceBySlice(state, { bucket: watched.sink });
        for (const format of [0, 1]) await slices.start({ gzip: format === 1 });
        for (let turn = 0; turn < 9; turn++) await slices.alarm();
        await slices.start(); // and one that runs
        await slices.alarm();
        expect(await count(state)).toBeGreaterThanOrEqual(4);
        let called = 0;
        watched.around = (_, moment) => void (moment === "before" && ++called === failing && fails());
        await expect(slices.deleteAll()).rejects.toMatchObject({ code: "storage_failed" });
        await slices.deleteAll();
        expect([await watched.left(objectPrefix(state.id.toString())), slices.list()]).toEqual([[], []]);
      });
    }
  });

  it("cuts downloads, takes the exporter's tables away, and leaves the host's alarm and tables", async () => {
    const stub = await filledTestHost(1000);
    const own = Date.now() + 3_600_000;
    const { names, alarm } = await inTestHost(stub, async ({ exporter }, { storage }) => {
      await storage.setAlarm(own);
      const reader = exporter.dump().body.getReader();
      await reader.read();
      await exporter.start(asked());
      await exporter.deleteAll();
      await expect(reader.read()).rejects.toThrow("Cannot go on with the download: all exports were deleted");
      await exporter.deleteAll();
      expect(exporter.list()).toEqual([]);
      const query = "SELECT name FROM sqlite_schema ORDER BY rowid";
      return {
        names: storage.sql
          .exec<{ name: string }>(query)
          .toArray()
          .map(({ name }) => name)
          .filter((name) => !name.startsWith("_cf_")),
        alarm: await storage.getAlarm(),
      };
    });
    expect([names, alarm]).toEqual([["files", "notes"], own]);
    expect((await env.EXPORTS.list({ prefix: objectPrefix(stub.id.toString()) })).objects).toEqual([]);
  });

  it("finds what is left of jobs that the host has deleted with all its storage, and does no harm again", async () => {
    await withObject(async (state) => {
      state.storage.sql.exec("CREATE TABLE t (v)");
      const slices = sliceBySlice(state);
      await slices.start();
      for (let turn = 0; turn < 5; turn++) await slices.alarm();
      await state.storage.deleteAll();
      expect(await count(state)).toBe(2);
      for (let time = 0; time < 2; time++) {
        await slices.deleteAll();
        expect(await count(state)).toBe(0);
      }
    });
  });
});
