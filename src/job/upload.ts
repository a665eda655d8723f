/** A job's object in the sink: begun, completed, or given up. */
import { manifestKey, objectKey } from "../api.ts";
import { ExportError } from "../errors.ts";
import type { MultipartUpload, Sink, StoredObject, StoredPart } from "../sink/sink.ts";
import { etagOf, type PartDigests } from "./checksums.ts";
import type { Job } from "./job.ts";

/** A part that R2 has answered for, with its checksums. */
export type SentPart = StoredPart & PartDigests;

/** The object that one job writes. */
export class DumpUpload {
  readonly #sink: Sink;
  readonly #key: string;
  readonly #manifestKey: string;

  constructor(sink: Sink, objectId: string, jobId: string) {
    this.#sink = sink;
    this.#key = objectKey(objectId, jobId);
    this.#manifestKey = manifestKey(objectId, jobId);
  }

  /** Begins an upload; its type, name and job are fixed from here on. */
  async create(job: Job): Promise<MultipartUpload> {
    const metadata = {
      httpMetadata: { contentType: job.mediaType, contentDisposition: `attachment; filename="${job.fileName}"` },
      customMetadata: {
        dumpId: job.id,
        format: job.options.format,
        startedAt: new Date(job.startedMs).toISOString(),
        partBytes: String(job.partBytes),
        manifest: this.#manifestKey, // checksums and row counts: they are known when the last byte is
      },
    };
    try {
      return await this.#sink.createMultipartUpload(this.#key, metadata);
    } catch (cause) {
      throw storageError(`Cannot begin the upload of "${job.fileName}"`, cause);
    }
  }

  resume(uploadId: string): MultipartUpload {
    return this.#sink.resumeMultipartUpload(this.#key, uploadId);
  }

  /**
   * Writes the manifest, completes the upload and checks what stands there. A second `complete` is refused (R2 error
   * 10024): then the object itself says whether the first one did it.
   */
  async publish(
    job: Job,
    upload: MultipartUpload,
    parts: readonly SentPart[],
    manifest: string,
  ): Promise<StoredObject> {
    try {
      await this.#sink.put(this.#manifestKey, manifest, { httpMetadata: { contentType: "application/json" } });
    } catch (cause) {
      throw storageError(`Cannot write the manifest of "${job.fileName}"`, cause);
    }
    const stored = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
    const object = await this.#complete(job, upload, stored);
    const [length, etag] = [job.checkpoint?.length ?? 0, await etagOf(parts)];
    if (object.size === length && object.httpEtag === etag) return object;
    const found = `R2 holds ${object.size} bytes with ETag ${object.httpEtag}, expected ${length} with ${etag}`;
    throw new ExportError("storage_failed", `Cannot complete "${job.fileName}": ${found}`);
  }

  /** Some bytes of the finished object. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array();
    const object = await this.#sink.get(this.#key, { range: { offset, length } });
    if (object !== null) return new Uint8Array(await object.arrayBuffer());
    throw new ExportError("object_missing", `Cannot read "${this.#key}" back: R2 does not have it`);
  }

  async #complete(job: Job, upload: MultipartUpload, parts: StoredPart[]): Promise<StoredObject> {
    try {
      return await upload.complete(parts);
    } catch (cause) {
      const object = await this.#sink.head(this.#key);
      if (object?.customMetadata?.["dumpId"] === job.id) return object;
      throw storageError(`Cannot complete "${job.fileName}"`, cause);
    }
  }

  /** Gives up what there is of it: an upload with all its parts, or an object that was not to be. */
  async discard({ uploadId, result, mayHaveMore }: Pick<Job, "uploadId" | "result" | "mayHaveMore">): Promise<void> {
    if (uploadId === null && result === null && !mayHaveMore) return;
    if (uploadId !== null) await this.abort(uploadId);
    await this.delete(); // it stands there if only the answer to `complete` was lost, or if it failed to be verified
  }

  /** Gives an upload up, and leaves the object alone. */
  async abort(uploadId: string): Promise<void> {
    await this.#tried("give the upload up", this.resume(uploadId).abort());
  }

  async delete(): Promise<void> {
    await this.#tried("delete the file", this.#sink.delete(this.#key));
    await this.#tried("delete the manifest", this.#sink.delete(this.#manifestKey));
  }

  async #tried(what: string, call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (cause) {
      throw storageError(`Cannot ${what} of dump "${this.#key}"`, cause);
    }
  }
}

/**
 * What a failed call to the sink means for the job. R2 says 10024 where the upload is gone and 10025 where a part is not the one that
 * was answered for (https://developers.cloudflare.com/r2/api/error-codes/): trying again cannot help, beginning again does.
 */
export function storageError(what: string, cause: unknown): ExportError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ExportError(/\b1002[45]\b/.test(reason) ? "upload_lost" : "storage_failed", `${what}: ${reason}`, {
    cause,
  });
}
