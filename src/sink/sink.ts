/** Where a job's parts go. An `R2Bucket` is a sink as it stands; so is anything with this much of its shape. */

/** A part that has been uploaded. R2 cannot list the parts of an upload, so the exporter keeps each etag. */
export interface StoredPart {
  /** 1 to 10,000. */
  readonly partNumber: number;
  /** What `complete()` must be given for this part. */
  readonly etag: string;
}

/** What is kept with a finished object. */
export interface ObjectMetadata {
  /** Response headers of the object. */
  readonly httpMetadata: {
    /** `Content-Type`. */
    readonly contentType: string;
    /** `Content-Disposition`, with the file's name. */
    readonly contentDisposition?: string;
  };
  /** Metadata of the exporter's own: how a finished object is told to be that of a job. */
  readonly customMetadata: Record<string, string>;
}

/** A finished object. */
export interface StoredObject {
  /** In bytes. */
  readonly size: number;
  /** The etag in double quotes, as an HTTP header has it. */
  readonly httpEtag: string;
  /** What the object was created with; absent where there is none. */
  readonly customMetadata?: Record<string, string>;
}

/** An upload in parts, as an `R2MultipartUpload` is: every part but the last has the same size, 5 MiB to 5 GiB. */
export interface MultipartUpload {
  /** Names the upload for `resumeMultipartUpload()`. */
  readonly uploadId: string;
  /** Stores one part; the same number again replaces it. */
  uploadPart(partNumber: number, bytes: Uint8Array): Promise<StoredPart>;
  /** Makes the object of its parts, in order. */
  complete(parts: StoredPart[]): Promise<StoredObject>;
  /** Discards the parts. */
  abort(): Promise<void>;
}

/** The part of an `R2Bucket` that jobs need: an `R2Bucket` fits as it is. What rejects is tried again. */
export interface Sink {
  /** Begins an upload to a key. */
  createMultipartUpload(key: string, metadata: ObjectMetadata): Promise<MultipartUpload>;
  /** An upload that was begun before. Asks nobody whether there is one: its methods reject if there is not. */
  resumeMultipartUpload(key: string, uploadId: string): MultipartUpload;
  /** What is known of an object; null if there is none. */
  head(key: string): Promise<StoredObject | null>;
  /** A range of an object, offset and length in bytes; null if there is no such object. */
  get(
    key: string,
    options: { readonly range: { readonly offset: number; readonly length: number } },
  ): Promise<{
    /** The bytes of the range. */
    arrayBuffer(): Promise<ArrayBuffer>;
  } | null>;
  /** Writes a small object in one go. */
  put(key: string, text: string, metadata: Pick<ObjectMetadata, "httpMetadata">): Promise<unknown>;
  /** Deletes one object, or up to 1,000, whether they are there or not. */
  delete(keys: string | string[]): Promise<void>;
  /** Objects whose keys begin so, as many as come at once. Without it `Exporter.deleteAll` finds no file whose job it does not know. */
  list?(options: { readonly prefix: string }): Promise<{ readonly objects: readonly { readonly key: string }[] }>;
}
