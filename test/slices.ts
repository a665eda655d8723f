/** Runs a job slice by slice, each by an Exporter of its own, and lets things happen in between. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { objectKey, type AskedJob, type JobStatus } from "../src/engine.ts";
import { Exporter, type ExporterOptions } from "../src/exporter.ts";
import { usualPage } from "../src/limits.ts";
import type { Archive } from "./archive.ts";

/** What became of a job. */
export interface Outcome {
  readonly status: JobStatus;
  readonly bytes: Uint8Array | null;
  readonly slices: number;
}

/** One step a slice, pages of some rows, and no alarm: the test calls when it likes. */
export function sliceBySlice(state: DurableObjectState, more: ExporterOptions = {}): Exporter {
  return new Exporter(state, {
    bucket: env.EXPORTS,
    schedule: () => {},
    slice: { ms: 60_000, renderedBytes: 1 },
    page: { ...usualPage, rows: 50 },
    ...more,
  });
}

/** Runs something over the database of a new object that takes alarms, too. */
export async function withObject<T>(use: (state: DurableObjectState) => Promise<T>): Promise<T> {
  const stub = env.ARCHIVE.get(env.ARCHIVE.idFromName(crypto.randomUUID()));
  return runInDurableObject(stub, (_: Archive, state) => use(state));
}

/** Starts a job and runs it to its end; behind the n-th slice (from 0, which is the start) `between` is called. */
export async function runSliced(
  state: DurableObjectState,
  asked: AskedJob,
  between: (slice: number, dumpId: string) => void | Promise<void>,
  exporter: (slice: number) => Exporter = () => sliceBySlice(state),
): Promise<Outcome> {
  const { dumpId } = await exporter(0).start(asked);
  for (let slices = 0; ; slices++) {
    await between(slices, dumpId);
    const one = exporter(slices + 1);
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
