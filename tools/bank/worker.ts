/** The deployable Worker with slices so small that a job over a few megabytes takes many alarms. */
import { Exporter } from "../../src/exporter.ts";
import { KiB } from "../../src/base/units.ts";
import deployed, { Database as Deployed, type Env } from "../../src/worker/worker.ts";

export class Database extends Deployed {
  readonly #small: Exporter;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#small = new Exporter(ctx, { bucket: env.EXPORTS, slice: { ms: 60_000, renderedBytes: 256 * KiB } });
  }

  override fetch(request: Request): Promise<Response> {
    return this.#small.fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.#small.alarm(info);
  }
}

export default deployed;
