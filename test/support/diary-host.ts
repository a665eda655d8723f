/** A host that keeps a diary of its alarm, in its own database: what it set, what it saw, when its handler ran, and how that ended. */
import { DurableObject } from "cloudflare:workers";
import { Exporter } from "../../src/index.ts";
import { MiB } from "../../src/base/units.ts";

/** What a run of the host's alarm handler does, in this order. */
export interface Deed {
  /** Sets the alarm so many milliseconds ahead, first. */
  readonly again?: number;
  /** Takes so long, in milliseconds. */
  readonly takes?: number;
  readonly fails?: boolean;
  /** Starts a job. */
  readonly starts?: boolean;
}

/** A line of the diary. */
export type Line = {
  readonly kind: "set" | "delete" | "saw" | "run" | "ok" | "failed" | "lost";
  /** Unix milliseconds. */
  readonly at: number;
  /** The time that was set or seen, or for which it ran; Unix milliseconds. */
  readonly time: number | null;
  /** Runs before this one that failed. */
  readonly retry: number;
};

/** With no table there is no dump, so there are some rows; and slices so small that a job takes some ten. */
const rows =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO files SELECT i, randomblob(2000) FROM n";

export class DiaryHost extends DurableObject {
  /** Milliseconds that each call to the bucket takes longer. */
  lag = 0;
  readonly exporter = new Exporter(this.ctx, {
    bucket: new Proxy(this.env.EXPORTS, {
      get: (bucket, name) => {
        const value: unknown = Reflect.get(bucket, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) =>
          name === "createMultipartUpload"
            ? scheduler.wait(this.lag).then(() => Reflect.apply(value, bucket, args))
            : Reflect.apply(value, bucket, args);
      },
    }),
    slice: { ms: 60_000, renderedBytes: MiB / 4 },
    page: { rows: 50, bytes: MiB },
  });
  isRunning = false;
  /** What the next runs of the handler do. */
  deeds: Deed[] = [];

  constructor(...args: ConstructorParameters<typeof DurableObject<Cloudflare.Env>>) {
    super(...args);
    const { sql } = this.ctx.storage;
    if (sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'diary'").toArray().length > 0) {
      this.note("lost"); // a new life
      return;
    }
    sql.exec("CREATE TABLE diary (n INTEGER PRIMARY KEY, kind TEXT, at INTEGER, time INTEGER, retry INTEGER)");
    sql.exec(`CREATE TABLE files (id INTEGER PRIMARY KEY, bytes BLOB); ${rows}`);
  }

  override fetch(request: Request): Response | Promise<Response> {
    return this.exporter.handles(request) ? this.exporter.fetch(request) : new Response("Hello from the host");
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (await this.exporter.alarm(info)) return;
    this.note("run", info?.scheduledTime ?? null, info?.retryCount ?? 0);
    this.isRunning = true;
    try {
      await this.#work(this.deeds.shift() ?? {});
    } finally {
      this.isRunning = false;
    }
  }

  async #work({ again, takes = 0, fails = false, starts = false }: Deed): Promise<void> {
    if (again !== undefined) await this.set(again);
    if (starts) await this.exporter.start({ tables: ["files"] });
    if (takes > 0) await scheduler.wait(takes);
    this.note(fails ? "failed" : "ok");
    if (fails) throw new Error("The host's alarm fails, as it was told");
  }

  /** Sets the alarm so many milliseconds ahead. */
  set(ms: number): Promise<void> {
    const time = Date.now() + ms;
    this.note("set", time);
    return this.ctx.storage.setAlarm(time);
  }

  /** As hosts do that want one alarm at a time. */
  async setIfNone(ms: number): Promise<void> {
    if ((await this.see()) === null) await this.set(ms);
  }

  delete(): Promise<void> {
    this.note("delete");
    return this.ctx.storage.deleteAlarm();
  }

  async see(): Promise<number | null> {
    const time = await this.ctx.storage.getAlarm();
    this.note("saw", time);
    return time;
  }

  note(kind: Line["kind"], time: number | null = null, retry = 0): void {
    const insert = "INSERT INTO diary (kind, at, time, retry) VALUES (?, ?, ?, ?)";
    this.ctx.storage.sql.exec(insert, kind, Date.now(), time, retry);
  }

  get diary(): readonly Line[] {
    return this.ctx.storage.sql.exec<Line>("SELECT kind, at, time, retry FROM diary ORDER BY n").toArray();
  }

  /** Times at which its handler ran. */
  get runs(): readonly Line[] {
    return this.diary.filter(({ kind }) => kind === "run");
  }
}
