/** Runs a job slice by slice, each in a life of its own, and lets things happen in between. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { formats as usualFormats, type Format } from "../../src/index.ts";
import { objectKey, type DumpRequest, type JobRequest, type Dump, type JobStatus } from "../../src/api.ts";
import { Exporter } from "../../src/exporter.ts";
import { JobRunner } from "../../src/job/runner.ts";
import type { PartLimits } from "../../src/job/part-size.ts";
import { JobStore } from "../../src/job/store.ts";
import type { Job } from "../../src/job/job.ts";
import { statusOf } from "../../src/job/status.ts";
import { neverMs } from "../../src/base/waits.ts";
import { parseJobOptions } from "../../src/options/parse.ts";
import { currentEncodingSettings, usualPage } from "../../src/file/plan.ts";
import type { Sink } from "../../src/sink/sink.ts";
import type { PageBudget } from "../../src/reader/source.ts";
import { Webhooks } from "../../src/webhook/webhook.ts";
import type { TestHost } from "./test-host.ts";

/** What became of a job. */
export interface Outcome {
  readonly status: JobStatus;
  readonly bytes: Uint8Array | null;
  readonly slices: number;
}

/** How slices are made. */
export interface Making {
  readonly formats?: readonly Format[];
  readonly bucket?: Sink;
  readonly page?: PageBudget;
  readonly parts?: PartLimits;
  /** Rendered bytes of a slice; without them it is one step. */
  readonly sliceBytes?: number;
}

const smallPage = { ...usualPage, rows: 50 };

/** An Exporter's jobs without its alarms: the test calls when it likes. */
export class Slices {
  readonly formats: readonly Format[];
  readonly #store: JobStore;
  readonly #runner: JobRunner;
  readonly #exporter: Exporter;

  constructor(
    state: DurableObjectState,
    { formats = usualFormats, bucket = env.EXPORTS, page = smallPage, sliceBytes = 1, parts }: Making = {},
  ) {
    const { sql } = state.storage;
    this.formats = formats;
    this.#store = new JobStore(sql);
    this.#exporter = new Exporter(state, { formats, page });
    this.#runner = new JobRunner({
      sql,
      store: this.#store,
      sink: bucket,
      formats,
      objectId: state.id.toString(),
      budget: { ms: 60_000, renderedBytes: sliceBytes },
      ...(parts !== undefined && { parts }),
      encoding: currentEncodingSettings(page),
      webhooks: new Webhooks({ hosts: [], secret: undefined }),
      maxUndoBytes: null,
      retentionMs: neverMs,
      background: (work) => state.waitUntil(work),
      wake: async () => true,
      instanceId: crypto.randomUUID(),
    });
  }

  /** One slice of the job whose turn it is. */
  async alarm(): Promise<void> {
    this.#runner.recover();
    await this.#runner.runDue();
  }

  async start(asked: JobRequest = {}): Promise<JobStatus> {
    const context = { formats: this.formats, tableNames: () => this.#exporter.tableNames() };
    return this.#statusOf(await this.#runner.create(parseJobOptions(asked, context), null));
  }

  dump(asked: DumpRequest = {}): Dump {
    return this.#exporter.dump(asked);
  }

  list(): readonly JobStatus[] {
    return this.#store.list(100, null).map((job) => this.#statusOf(job));
  }

  status(dumpId: string): JobStatus {
    return this.#statusOf(this.#store.get(dumpId));
  }

  async delete(dumpId: string): Promise<void> {
    await this.#runner.delete(dumpId);
  }

  async deleteAll(): Promise<void> {
    await this.#runner.deleteAll();
  }

  #statusOf(job: Job): JobStatus {
    return statusOf(job, this.#store.current()?.id === job.id, Date.now());
  }
}

/** The jobs of an object, in a new life of it. */
export function sliceBySlice(state: DurableObjectState, making: Making = {}): Slices {
  return new Slices(state, making);
}

/** Runs something over the database of a new object that takes alarms, too. */
export async function withObject<T>(use: (state: DurableObjectState) => Promise<T>): Promise<T> {
  const stub = env.TEST_HOST.get(env.TEST_HOST.idFromName(crypto.randomUUID()));
  return runInDurableObject(stub, (_: TestHost, state) => use(state));
}

/** Starts a job and runs it to its end; behind the n-th slice (from 0, which is the start) `between` is called. */
export async function runSliced(
  state: DurableObjectState,
  asked: JobRequest,
  between: (slice: number, dumpId: string) => void | Promise<void>,
  slicesOf: (slice: number) => Slices = () => sliceBySlice(state),
): Promise<Outcome> {
  const { dumpId } = await slicesOf(0).start(asked);
  for (let slices = 0; ; slices++) {
    await between(slices, dumpId);
    const one = slicesOf(slices + 1);
    await one.alarm();
    const status = one.status(dumpId);
    if (status.status === "running" || status.status === "queued") {
      if (slices < 500) continue;
      throw new Error(`Job ${dumpId} has not ended after ${slices} slices`);
    }
    const object = await env.EXPORTS.get(objectKey(state.id.toString(), dumpId));
    return { status, slices, bytes: object === null ? null : new Uint8Array(await object.arrayBuffer()) };
  }
}
