/** The deployable Worker, with ways to measure what no export can be faster than, and an Exporter of level 1. */
import { deflateRawSync } from "node:zlib";
import { Hono } from "hono";
import { Exporter } from "../../src/exporter.ts";
import { formats } from "../../formats/index.ts";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { partBytes } from "../../src/job/part-size.ts";
import { MiB } from "../../src/base/units.ts";
import { blockBytes } from "../../src/pack/blocks.ts";
import { digestsOf, etagOf, type PartDigests } from "../../src/job/checksums.ts";
import type { Sink } from "../../src/sink/sink.ts";
import { currentEncodingSettings, planOf, type Plan, usualPage } from "../../src/file/plan.ts";
import { runToEnd } from "../../src/base/event-loop.ts";
import { rowSegments } from "../../src/file/pipeline.ts";
import { beginSnapshot } from "../../src/snapshot/begin-snapshot.ts";
import { UndoLog } from "../../src/snapshot/undo-log.ts";
import { stopTracking, startTracking } from "../../src/snapshot/change-tracker.ts";
import deployed, { Database as Deployed, type Env as DeployedEnv } from "../../src/worker/worker.ts";

interface Env extends DeployedEnv {
  readonly DATABASE: DurableObjectNamespace<Database>;
  readonly D1: D1Database;
}

const everything = { compress: "none", tables: null, exclude: [], content: "all" } as const;
/** As much of a dump as is deflated over and over. */
const sampleBytes = 4 * MiB;
const bytesOf = (url: string) => Number(new URL(url).searchParams.get("bytes"));

/** A time in which the object did nothing else, from when it began, Unix milliseconds. */
interface Stretch {
  readonly from: number;
  readonly ms: number;
}

/** Shorter ones are not kept, in milliseconds. */
const shortestStretchMs = 10;

function formatOf(name: string) {
  const found = formats.find((format) => format.name === name);
  if (found === undefined) throw new TypeError(`There is no format "${name}"`);
  return found;
}

/** Present under V8's `--expose-gc`. */
const collect: unknown = Reflect.get(globalThis, "gc");

/** The same object, with garbage collected before each page: what is left is what an export needs. */
function collecting<T extends object>(target: T, wrapped: readonly string[]): T {
  return new Proxy(target, {
    get(from, name) {
      const value: unknown = Reflect.get(from, name, from);
      if (typeof value === "function") {
        return (...given: unknown[]) => {
          const isPage = name === "exec" && /octet_length\(c1\)|substr\(typeof/.test(String(given[0]));
          if (typeof collect === "function" && isPage) collect();
          return Reflect.apply(value, from, given);
        };
      }
      return typeof value === "object" && value !== null && wrapped.includes(String(name))
        ? collecting(value, wrapped)
        : value;
    },
  });
}

/** Milliseconds that a part is under way: as a rule the next one is complete before, so that both are there. */
const partUnderWayMs = 200;

/** Takes parts in as R2 does, which is not in the object's process, and keeps nothing but what it answers for. */
function forgetting(): Sink {
  const sizes = new Map<string, number>();
  const upload = (key: string) => {
    const parts: PartDigests[] = [];
    let size = 0;
    return {
      uploadId: key,
      uploadPart: async (partNumber: number, bytes: Uint8Array) => {
        if (typeof collect === "function") collect();
        const digests = await digestsOf(bytes);
        await scheduler.wait(partUnderWayMs);
        parts[partNumber - 1] = digests;
        size += bytes.length;
        return { partNumber, etag: digests.md5 };
      },
      complete: async () => {
        sizes.set(key, size);
        return { size, httpEtag: await etagOf(parts) };
      },
      abort: async () => {},
    };
  };
  const open = new Map<string, ReturnType<typeof upload>>();
  const of = (key: string) => open.get(key) ?? open.set(key, upload(key)).get(key) ?? upload(key);
  return {
    createMultipartUpload: async (key) => of(key),
    resumeMultipartUpload: of,
    head: async () => null,
    get: async () => null,
    put: async () => null,
    delete: async (keys) => [keys].flat().forEach((key) => open.delete(key)),
  };
}

export class Database extends Deployed {
  #plan: Plan | null = null;
  #instead: Exporter | null =
    typeof collect === "function"
      ? new Exporter(collecting(this.ctx, ["storage", "sql"]), { bucket: forgetting() })
      : null;

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (this.#instead === null) return super.alarm(info);
    await this.#instead.alarm(info);
  }
  #stretch: { readonly all: Stretch[]; isOpen: boolean } = { all: [], isOpen: false };

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/floor/http") return new Response(this.#send(bytesOf(request.url)));
    if (pathname === "/collect") return new Response(typeof collect === "function" ? String(collect()) : "");
    if (this.#instead !== null) return this.#instead.fetch(request);
    const level = Number(request.headers.get("X-Level") ?? 6);
    if (level === 6) return super.fetch(request);
    return new Exporter(this.ctx, { bucket: this.env.EXPORTS, level }).fetch(request);
  }

  /** From now on parts go to nobody: R2's simulator works in this object's thread. */
  forget(): void {
    this.#instead = new Exporter(this.ctx, { bucket: forgetting() });
  }

  /** So many bytes from memory, in chunks as an export's. */
  #send(bytes: number): ReadableStream<Uint8Array> {
    const chunk = new Uint8Array(usualPage.bytes).fill(0x20);
    let left = bytes;
    return new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (left > 0) controller.enqueue(chunk.slice(0, Math.min(left, chunk.length)));
          left -= chunk.length;
          if (left <= 0) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** So many bytes from memory to R2, in parts as a job's. */
  async upload(bytes: number): Promise<void> {
    const upload = await this.env.EXPORTS.createMultipartUpload("floor");
    const parts: R2UploadedPart[] = [];
    for (let left = bytes; left > 0; left -= partBytes) {
      const part = new Uint8Array(Math.min(left, partBytes)).fill(0x20);
      parts.push(await upload.uploadPart(parts.length + 1, part));
    }
    await upload.complete(parts);
    await this.env.EXPORTS.delete("floor");
  }

  /** Walks through all rows of all tables. */
  scan(): void {
    const { sql } = this.ctx.storage;
    const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'").toArray();
    for (const { name } of tables.filter((table) => !table.name.startsWith("_"))) {
      const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", name).toArray();
      sql.exec(`SELECT count("${columns.at(-1)?.name}") FROM "${name}" NOT INDEXED`).toArray();
    }
  }

  /** Deflates the beginning of a dump over and over, up to so many bytes, in blocks as an export's. */
  async deflate(bytes: number, level: number): Promise<void> {
    const { body } = new Exporter(this.ctx, { maxDirectBytes: Infinity }).dump({
      ...everything,
      format: formatOf("sql"),
    });
    const reader = body.getReader();
    const samples: Uint8Array[] = [];
    for (let size = 0; size < sampleBytes;) {
      const { value, done } = await reader.read();
      if (done) break;
      samples.push(value);
      size += value.length;
    }
    await reader.cancel();
    const sample = concatBytes(samples);
    for (let [left, at] = [bytes, 0]; left > 0; left -= blockBytes, at = (at + blockBytes) % sample.length)
      deflateRawSync(sample.subarray(at, at + Math.min(left, blockBytes)), { level });
  }

  /** From now on changes are seen to as an export of this consistency does; then this share of the rows of all tables is changed. */
  begin(consistency: "none" | "snapshot" | "fuzzy", changed: number): void {
    const { sql } = this.ctx.storage;
    this.#plan = planOf(sql, { ...everything, format: formatOf("sql"), ...currentEncodingSettings() }, formats);
    const tables = this.#plan.source.schema.tables;
    if (consistency === "snapshot") {
      const { source, layout } = this.#plan;
      const target = { sql, exportId: "bench", source, segments: rowSegments(layout.segments) };
      const log = new UndoLog(sql, "bench");
      runToEnd(beginSnapshot(target, log, null));
      source.readFrom(log);
    }
    if (consistency === "fuzzy") startTracking(sql, "bench", tables, new Set());
    if (changed === 0) return;
    for (const { name, insertableColumns, rowid } of tables) {
      const last = insertableColumns.at(-1);
      if (last === undefined) continue;
      const some =
        rowid === null && name === "keys"
          ? `at % ${Math.round(1 / changed)} = 0`
          : `rowid % ${Math.round(1 / changed)} = 0`;
      sql.exec(`UPDATE "${name}" AS _t SET "${last.name}" = ${last.sql} WHERE ${some}`);
    }
  }

  /** Changes so many rows, one statement each; gives the rows written that would be billed. */
  write(count: number): number {
    const { sql } = this.ctx.storage;
    let written = 0;
    for (let at = 0; at < count; at++)
      written += sql.exec("UPDATE narrow SET b = b + 1 WHERE id = ?", 1 + ((at * 7919) % 100_000)).rowsWritten;
    return written;
  }

  /** Makes the whole file, and throws it away. */
  export(): void {
    if (this.#plan === null) throw new TypeError("Nothing was begun");
    const { pipeline } = this.#plan;
    let position = pipeline.start();
    while (!position.isDone) ({ position } = pipeline.step(position));
  }

  /** Leaves nothing of it behind. */
  end(): void {
    new UndoLog(this.ctx.storage.sql, "bench").drop();
    stopTracking(this.ctx.storage.sql, "bench");
  }

  /** Looks at the clock as often as it can: the time between two looks is one in which the object did something else. */
  measureStretches(): void {
    const stretch: { readonly all: Stretch[]; isOpen: boolean } = { all: [], isOpen: true };
    this.#stretch.isOpen = false;
    this.#stretch = stretch;
    const look = async () => {
      for (let before = Date.now(); stretch.isOpen;) {
        await scheduler.wait(1);
        const now = Date.now();
        if (now - before >= shortestStretchMs) stretch.all.push({ from: before, ms: now - before });
        before = now;
      }
    };
    this.ctx.waitUntil(look());
  }

  /** The stretches since, the longest first. */
  endStretches(): readonly Stretch[] {
    this.#stretch.isOpen = false;
    return this.#stretch.all.toSorted((one, other) => other.ms - one.ms);
  }

  /** Makes copies of the first job, until there are so many. */
  copyJobs(count: number): void {
    const { sql } = this.ctx.storage;
    const table = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE name LIKE '%export_jobs'")
      .one().name;
    sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO "${table}" (id, started, state, wake, idempotency, job) ` +
        `SELECT j.id || '-' || i, j.started + i, 'complete', 8640000000000000, NULL, json_set(j.job, '$.id', j.id || '-' || i, '$.state', 'complete') FROM n, "${table}" j`,
      count,
    );
  }

  /** Rows that SQLite reads to make a file. */
  rowsRead(format: string): number {
    let rows = 0;
    const { sql } = this.ctx.storage;
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const counted = new Proxy(sql, {
      get: (target, name) => {
        if (name !== "exec") return Reflect.get(target, name, target);
        return (query: string, ...values: unknown[]) => {
          for (const { rowsRead } of cursors.splice(0)) rows += rowsRead;
          const cursor = target.exec(query, ...values);
          cursors.push(cursor);
          return cursor;
        };
      },
    });
    const { pipeline } = planOf(
      counted,
      { ...everything, format: formatOf(format), ...currentEncodingSettings() },
      formats,
    );
    let position = pipeline.start();
    while (!position.isDone) ({ position } = pipeline.step(position));
    for (const { rowsRead } of cursors) rows += rowsRead;
    return rows;
  }
}

const app = new Hono<{ Bindings: Env }>();
const object = (env: Env) => env.DATABASE.getByName("main");

app.get("/floor/http", (c) => object(c.env).fetch(c.req.raw));
app.get("/collect", (c) => object(c.env).fetch(c.req.raw));
app.get("/forget", async (c) => c.json(await object(c.env).forget()));
app.get("/floor/r2", async (c) => c.json(await object(c.env).upload(bytesOf(c.req.url))));
app.get("/floor/scan", async (c) => c.json(await object(c.env).scan()));
app.get("/floor/deflate", async (c) =>
  c.json(await object(c.env).deflate(bytesOf(c.req.url), Number(c.req.query("level")))),
);
app.get("/rows/:format", async (c) => c.json(await object(c.env).rowsRead(c.req.param("format"))));
app.get("/still/begin/:consistency", async (c) => {
  const consistency = c.req.param("consistency");
  const known = consistency === "snapshot" || consistency === "fuzzy" ? consistency : "none";
  return c.json(await object(c.env).begin(known, Number(c.req.query("changed") ?? 0)));
});
app.get("/still/write", async (c) => c.json(await object(c.env).write(Number(c.req.query("count")))));
app.get("/still/export", async (c) => c.json(await object(c.env).export()));
app.get("/still/end", async (c) => c.json(await object(c.env).end()));
app.get("/stretch/begin", async (c) => c.json(await object(c.env).measureStretches()));
app.get("/stretch/end", async (c) => c.json(await object(c.env).endStretches()));
app.get("/jobs/:count", async (c) => c.json(await object(c.env).copyJobs(Number(c.req.param("count")))));
/** D1's own exporter, as `wrangler d1 export --local` asks for it. */
app.get("/d1", async (c) => {
  const [lines] = await c.env.D1.prepare("PRAGMA miniflare_d1_export(?,?,?);").bind(0, 0).raw();
  return new Response((lines ?? []).join("\n"));
});
app.all("*", (c) => deployed.fetch(c.req.raw, c.env, c.executionCtx));

export default app;
