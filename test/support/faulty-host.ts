/**
 * A host whose bucket is the real one, but for one call: that fails before R2 hears of it, or after it
 * has done it, or never answers, or finds its upload gone, or reads one bit otherwise.
 */
import { DurableObject } from "cloudflare:workers";
import { Exporter } from "../../src/exporter.ts";
import { MiB } from "../../src/base/units.ts";
import type { MultipartUpload, Sink } from "../../src/sink/sink.ts";

/** Which call goes wrong, from 1, and how. */
export interface Fault {
  readonly call: number;
  readonly kind: "before" | "after" | "hang" | "lost" | "altered";
}

export class FaultyHost extends DurableObject {
  fault: Fault = { call: 0, kind: "before" };
  /** Calls made so far. */
  calls: string[] = [];
  exporter = this.#exporter();

  /** Milliseconds for which dumps are kept that are started from now on. */
  set retention(retention: number) {
    this.exporter = this.#exporter(retention);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.exporter.alarm(info);
  }

  #exporter(retentionMs?: number): Exporter {
    return new Exporter(this.ctx, {
      bucket: this.#bucket(),
      slice: { ms: 60_000, renderedBytes: 6 * MiB },
      deadlineMs: 500,
      ...(retentionMs !== undefined && { retentionMs }),
    });
  }

  async #call<T>(name: string, run: () => Promise<T>, upload?: MultipartUpload): Promise<T> {
    this.calls.push(name);
    if (this.calls.length !== this.fault.call || this.fault.kind === "altered") return run();
    if (this.fault.kind === "hang") return new Promise(() => {});
    if (this.fault.kind === "after") await run();
    if (this.fault.kind === "lost") {
      await upload?.abort();
      return run();
    }
    throw new Error(`${name}: the network is down`);
  }

  #isFaulty(kind: Fault["kind"]): boolean {
    return this.calls.length === this.fault.call && this.fault.kind === kind;
  }

  #bucket(): Sink {
    const bucket = this.env.EXPORTS;
    const upload = (inner: MultipartUpload): MultipartUpload => ({
      uploadId: inner.uploadId,
      uploadPart: (number, bytes) => this.#call(`part ${number}`, () => inner.uploadPart(number, bytes), inner),
      complete: (parts) => this.#call("complete", () => inner.complete(parts), inner),
      abort: () => this.#call("abort", () => inner.abort()),
    });
    return {
      createMultipartUpload: async (key, metadata) =>
        upload(await this.#call("create", () => bucket.createMultipartUpload(key, metadata))),
      resumeMultipartUpload: (key, uploadId) => upload(bucket.resumeMultipartUpload(key, uploadId)),
      get: async (key, range) => {
        const object = await this.#call("get", () => bucket.get(key, range));
        return this.#isFaulty("altered") && object !== null ? altered(await object.arrayBuffer()) : object;
      },
      put: (key, text, metadata) => this.#call("put", () => bucket.put(key, text, metadata)),
      head: (key) => this.#call("head", () => bucket.head(key)),
      delete: (key) => this.#call("delete", () => bucket.delete(key)),
    };
  }
}

function altered(bytes: ArrayBuffer): { arrayBuffer(): Promise<ArrayBuffer> } {
  const view = new Uint8Array(bytes);
  view[view.length >> 1] = (view[view.length >> 1] ?? 0) ^ 1;
  return { arrayBuffer: async () => bytes };
}
