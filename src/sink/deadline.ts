/** A sink whose every call answers in time or is given up: one that hangs must not hang the job. */
import { ExportError } from "../errors.ts";
import type { MultipartUpload, Sink } from "./sink.ts";

/** One call to R2 may take so long, in milliseconds; a part of 5 MiB takes well under a second (docs/decisions/0030). */
export const sinkDeadlineMs = 60_000;

/** The same sink; a call that takes longer than this, in milliseconds, throws `storage_failed`, and its answer is not waited for. */
export function withDeadline(sink: Sink, deadlineMs: number): Sink {
  const call = <T>(what: string, promise: Promise<T>) => within(deadlineMs, what, promise);
  const upload = (inner: MultipartUpload): MultipartUpload => ({
    uploadId: inner.uploadId,
    uploadPart: (number, bytes) => call(`upload part ${number}`, inner.uploadPart(number, bytes)),
    complete: (parts) => call("complete the upload", inner.complete(parts)),
    abort: () => call("abort the upload", inner.abort()),
  });
  return {
    createMultipartUpload: async (key, metadata) =>
      upload(await call("begin the upload", sink.createMultipartUpload(key, metadata))),
    resumeMultipartUpload: (key, uploadId) => upload(sink.resumeMultipartUpload(key, uploadId)),
    head: (key) => call("look for the object", sink.head(key)),
    get: async (key, options) => {
      const bytes = await call("read the object", bytesOf(sink, key, options));
      return bytes === null ? null : { arrayBuffer: async () => bytes };
    },
    put: (key, text, metadata) => call("write the manifest", sink.put(key, text, metadata)),
    delete: (keys) => call("delete the object", sink.delete(keys)),
    ...(sink.list !== undefined && {
      list: (options: { readonly prefix: string }) =>
        call("list the objects", sink.list?.(options) ?? Promise.resolve({ objects: [] })),
    }),
  };
}

/** The body belongs to the call: it may hang as well. */
async function bytesOf(sink: Sink, ...args: Parameters<Sink["get"]>): Promise<ArrayBuffer | null> {
  const object = await sink.get(...args);
  return object === null ? null : object.arrayBuffer();
}

async function within<T>(deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = scheduler.wait(deadlineMs, { signal: timer.signal }).then((): never => {
    throw new ExportError("storage_failed", `Cannot ${what}: no answer within ${deadlineMs / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
