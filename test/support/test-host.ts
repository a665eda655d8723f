/** A host as docs/embedding.md shows it, with slices so small that a job takes many alarms. */
import { DurableObject } from "cloudflare:workers";
import { Exporter } from "../../src/exporter.ts";
import { MiB } from "../../src/base/units.ts";

export class TestHost extends DurableObject {
  readonly exporter = new Exporter(this.ctx, {
    bucket: this.env.EXPORTS,
    slice: { ms: 60_000, renderedBytes: 3 * MiB },
    maxUndoBytes: 4 * MiB,
  });
  /** Alarms that this life of the object has seen. */
  alarms = 0;

  override fetch(request: Request): Promise<Response> {
    return this.exporter.fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.alarms++;
    await this.exporter.alarm(info);
  }
}
