/** A host with a life of its own: its own requests, and an alarm that it had before the exporter came. */
import { DurableObject } from "cloudflare:workers";
import { Exporter } from "../../src/index.ts";

export class BusyHost extends DurableObject {
  readonly exporter = new Exporter(this.ctx, { bucket: this.env.EXPORTS, maxDirectBytes: 1_000_000 });

  override async fetch(request: Request): Promise<Response> {
    if (this.exporter.handles(request)) return this.exporter.fetch(request);
    return new Response("Hello from the host");
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (await this.exporter.alarm(info)) return;
    this.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS reminders (at INTEGER)");
    this.ctx.storage.sql.exec("INSERT INTO reminders VALUES (?)", Date.now());
  }
}
