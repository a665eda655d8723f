/** Where a job's parts go. An `R2Bucket` is a sink as it stands; so is anything with this much of its shape. */

/** A part that is stored; R2 has no way to list them, so the etag must be kept. */
export interface StoredPart {
  readonly partNumber: number;
  readonly etag: string;
}

/** What is kept with the finished object. */
export interface ObjectMetadata {
  readonly httpMetadata: { readonly contentType: string; readonly contentDisposition?: string };
  readonly customMetadata: Record<string, string>;
}

/** A finished object. */
export interface StoredObject {
  readonly size: number;
  readonly httpEtag: string;
  readonly customMetadata?: Record<string, string>;
}

export interface MultipartUpload {
  readonly uploadId: string;
  uploadPart(partNumber: number, bytes: Uint8Array): Promise<StoredPart>;
  complete(parts: StoredPart[]): Promise<StoredObject>;
  abort(): Promise<void>;
}

export interface Sink {
  createMultipartUpload(key: string, metadata: ObjectMetadata): Promise<MultipartUpload>;
  resumeMultipartUpload(key: string, uploadId: string): MultipartUpload;
  head(key: string): Promise<StoredObject | null>;
  /** A stretch of an object, in bytes. */
  get(
    key: string,
    options: { readonly range: { readonly offset: number; readonly length: number } },
  ): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  /** Writes a small object in one go. */
  put(key: string, text: string, metadata: Pick<ObjectMetadata, "httpMetadata">): Promise<unknown>;
  /** Deletes one object, or up to 1,000, whether they are there or not. */
  delete(keys: string | string[]): Promise<void>;
  /** Objects whose keys begin so, as many as come at once. Without it `Exporter.deleteAll` finds no file whose job it does not know. */
  list?(options: { readonly prefix: string }): Promise<{ readonly objects: readonly { readonly key: string }[] }>;
}
