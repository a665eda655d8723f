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
  create(job: Job): Promise<MultipartUpload> {
    return this.#sink.createMultipartUpload(this.#key, {
      httpMetadata: { contentType: job.mediaType, contentDisposition: `attachment; filename="${job.fileName}"` },
      customMetadata: {
        dumpId: job.id,
        format: job.options.format,
        startedAt: new Date(job.startedMs).toISOString(),
      },
    });
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
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ExportError("storage_failed", `Cannot complete "${job.fileName}": ${reason}`, { cause });
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
