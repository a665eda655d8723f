/** Hosts that keep schedules of their own over the one alarm that an object has, each as a known library does. */
import { DurableObject } from "cloudflare:workers";
import { Exporter } from "../../src/index.ts";
import { MiB } from "../../src/base/units.ts";

const slice = { ms: 60_000, renderedBytes: 3 * MiB };

/** When something of the host's was to happen, and when it did, Unix milliseconds. */
export interface Fired {
  readonly due: number;
  readonly at: number;
}

/**
 * As the `agents` package: rows in whole seconds; the alarm is the earliest, and is deleted when there is none.
 * https://github.com/cloudflare/agents/blob/main/packages/agents/src/index.ts
 */
export class AgentLike extends DurableObject {
  readonly exporter = new Exporter(this.ctx, {
    bucket: this.env.EXPORTS,
    slice,
    schedule: (at) => {
      this.asked++;
      return this.schedule(Math.ceil(at / 1000), "export");
    },
  });
  /** How often the exporter has asked to be woken. */
  asked = 0;
  readonly fired: Fired[] = [];

  async schedule(second: number, callback: string): Promise<void> {
    this.#sql("CREATE TABLE IF NOT EXISTS cf_agents_schedules (id INTEGER PRIMARY KEY, callback TEXT, time INTEGER)");
    this.#sql("INSERT INTO cf_agents_schedules (callback, time) VALUES (?, ?)", callback, second);
    await this.#next();
  }

  override async alarm(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    for (const { id, callback, time } of this.#sql("SELECT * FROM cf_agents_schedules WHERE time <= ?", now)) {
      if (callback === "export") await this.exporter.alarm();
      else this.fired.push({ due: Number(time) * 1000, at: Date.now() });
      this.#sql("DELETE FROM cf_agents_schedules WHERE id = ?", Number(id));
    }
    await this.#next();
  }

  async #next(): Promise<void> {
    const [row] = this.#sql("SELECT min(time) AS time FROM cf_agents_schedules");
    if (typeof row?.["time"] === "number") await this.ctx.storage.setAlarm(row["time"] * 1000);
    else await this.ctx.storage.deleteAlarm();
  }

  #sql(query: string, ...values: (string | number)[]) {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }
}

/**
 * As `@cloudflare/actors`: only rows of later seconds set the alarm, a row is deleted whatever its callback does, and errors are swallowed.
 * https://github.com/cloudflare/actors/blob/main/packages/alarms/src/index.ts
 */
export class ActorLike extends DurableObject {
  readonly exporter = new Exporter(this.ctx, {
    bucket: this.env.EXPORTS,
    slice,
    schedule: (at) => {
      this.asked++;
      // a second that has begun would never be set
      return this.schedule(Math.max(Math.ceil(at / 1000), Math.floor(Date.now() / 1000) + 1), "export");
    },
  });
  /** How often the exporter has asked to be woken. */
  asked = 0;
  readonly fired: Fired[] = [];

  async schedule(second: number, callback: string): Promise<void> {
    this.#sql("CREATE TABLE IF NOT EXISTS _actor_alarms (id INTEGER PRIMARY KEY, callback TEXT, time INTEGER)");
    this.#sql("INSERT INTO _actor_alarms (callback, time) VALUES (?, ?)", callback, second);
    await this.#next();
  }

  override async alarm(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    for (const { id, callback, time } of this.#sql("SELECT * FROM _actor_alarms WHERE time <= ?", now)) {
      try {
        if (callback === "export") await this.exporter.alarm();
        else this.fired.push({ due: Number(time) * 1000, at: Date.now() });
      } catch (error) {
        console.error(error);
      }
      this.#sql("DELETE FROM _actor_alarms WHERE id = ?", Number(id));
    }
    await this.#next();
  }

  async #next(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    const [row] = this.#sql("SELECT min(time) AS time FROM _actor_alarms WHERE time > ?", now);
    if (typeof row?.["time"] === "number") await this.ctx.storage.setAlarm(row["time"] * 1000);
  }

  #sql(query: string, ...values: (string | number)[]) {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }
}

/** As StarbaseDB's cron: sets the alarm anew on every request, whatever it was. */
export class CronLike extends DurableObject {
  readonly exporter = new Exporter(this.ctx, { bucket: this.env.EXPORTS, slice });
  readonly fired: Fired[] = [];
  /** What the host has set last. */
  due = 0;

  override async fetch(request: Request): Promise<Response> {
    this.due = Date.now() + 400;
    await this.ctx.storage.setAlarm(this.due);
    return this.exporter.handles(request) ? this.exporter.fetch(request) : new Response("Hello from the host");
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (await this.exporter.alarm(info)) return;
    this.fired.push({ due: this.due, at: Date.now() });
  }
}
