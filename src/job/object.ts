/** A job's object in the sink: begun, completed, or given up. */
import { objectKey } from "../engine.ts";
import { ExportError } from "../errors.ts";
import type { MultipartUpload, Sink, StoredObject, StoredPart } from "../sink/sink.ts";
import type { Job } from "./job.ts";

/** The object that one job writes. */
export class JobObject {
  readonly #sink: Sink;
  readonly #key: string;

  constructor(sink: Sink, objectId: string, jobId: string) {
    this.#sink = sink;
    this.#key = objectKey(objectId, jobId);
  }

  /** Begins an upload; its type, name and job are fixed from here on. */
  async create(job: Job): Promise<MultipartUpload> {
    const metadata = {
      httpMetadata: { contentType: job.mediaType, contentDisposition: `attachment; filename="${job.fileName}"` },
      customMetadata: {
        dumpId: job.id,
        format: job.options.format,
        startedAt: new Date(job.startedMs).toISOString(),
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
   * Completes the upload and checks what stands there. A second `complete` is refused (R2 error 10024): then the object
   * itself says whether the first one did it.
   */
  async publish(job: Job, upload: MultipartUpload, parts: StoredPart[]): Promise<StoredObject> {
    const object = await this.#complete(job, upload, parts);
    const length = job.checkpoint?.length ?? 0;
    if (object.size === length) return object;
    const message = `Cannot complete "${job.fileName}": R2 holds ${object.size} bytes, expected ${length}`;
    throw new ExportError("storage_failed", message);
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

  /** Gives the upload up with all its parts. */
  async abandon(job: Job): Promise<void> {
    if (job.uploadId !== null) await this.resume(job.uploadId).abort();
  }

  async delete(): Promise<void> {
    await this.#sink.delete(this.#key);
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
