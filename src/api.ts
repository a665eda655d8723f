/** The engine's own words, as the routes and a host see them. No HTTP here. */
import type { FormatOptions, Format } from "../formats/format.ts";
import type { ExportErrorCode } from "./errors.ts";
import type { ExportOptionValues, JobOptionValues } from "./options/table.ts";

/** How a file is packed; in an archive of several tables `gzip` means deflated entries, and there is no `zstd`. */
export type Compression = ExportOptionValues["compress"];

/** Options of a request that are gone once it has been read: others are set by them. */
type Shorthands = Pick<ExportOptionValues, "for" | "gzip">;

/** The options of the table but some of them, with what is said of each. */
type Without<T, K> = { readonly [name in keyof T as Exclude<name, K>]: T[name] };

/** What to export, with all that was asked for checked (src/options/parse.ts). */
export interface ExportOptions
  extends
    Without<ExportOptionValues, "format" | "consistency" | keyof Shorthands>,
    Partial<Pick<ExportOptionValues, "consistency">> {
  /** The format of the file. @default the first of the Exporter's formats: `sql` */
  readonly format: Format;
  /** The format's own options (`Format.options`), by name. @default each option's own */
  readonly formatOptions?: FormatOptions;
}

/** What a job does besides; only what is not to be the default. */
export interface JobOptions extends Partial<JobOptionValues> {}

/** What a download is asked for: the options that are not to be their defaults, or a URL's query (docs/options.md). */
export type DumpRequest = Partial<ExportOptions & Shorthands> | URLSearchParams;

/** What a job is asked for, in the same two ways. */
export type JobRequest = Partial<ExportOptions & Shorthands & JobOptions> | URLSearchParams;

/** A dump that is being streamed to the caller. */
export interface Dump {
  /** As `dump_20261128-081500.sql`: the time is that of the request, UTC. */
  readonly fileName: string;
  /** The value of `Content-Type`. */
  readonly mediaType: string;
  /** The file's bytes. Nothing is read before the first read of it; an error of the export is an error of the stream. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Where a job stands. `queued` and `running` go on by themselves; the others are final. */
export type JobState = "queued" | "running" | "complete" | "failed" | "cancelled";

/** How far a job is. */
export interface Progress {
  /** Tables whose rows are all in the file. */
  readonly tablesDone: number;
  /** Tables of the export. */
  readonly tables: number;
  /** Rows in the file so far. */
  readonly rows: number;
  /** Bytes of the file made so far. */
  readonly bytes: number;
  /** 0 to 100, an estimate until complete. */
  readonly percent: number;
  /** Bytes of the file per second, since the job began. */
  readonly bytesPerSecond: number;
  /** An estimate, in seconds; null where there is none yet. */
  readonly secondsLeft: number | null;
}

/** A job as its status shows it. */
export interface JobStatus {
  /** Names the job in `status()`, `delete()` and in URLs: digits, letters and hyphens. */
  readonly dumpId: string;
  /** Where the job stands. */
  readonly status: JobState;
  /** The format's name, as `csv`. */
  readonly format: string;
  /** How the file is packed. */
  readonly compress: Compression;
  /** True if `compress` is `gzip`. */
  readonly gzip: boolean;
  /** As `dump_20261128-081500.sql`: the time is that of `startedAt`. */
  readonly fileName: string;
  /** When the job was accepted, ISO 8601, UTC. */
  readonly startedAt: string;
  /** When the job ended, in whatever way, ISO 8601, UTC; null before. */
  readonly finishedAt: string | null;
  /** When it is taken away, with its file; null as long as it runs, or if it is kept for good. ISO 8601, UTC. */
  readonly expiresAt: string | null;
  /** How far the job is. */
  readonly progress: Progress;
  /** One line for each thing that the file leaves out, or cannot hold as it is. */
  readonly warnings: readonly string[];
  /** The least SQLite that the definitions in the file are known to need, as `3.45.0`; absent where nothing beyond 3.33 is known of, or there are no definitions. */
  readonly needsSqlite?: string;
  /** The moment of whose database the file is, ISO 8601, UTC; null where it is of none. */
  readonly snapshotAt: string | null;
  /** When complete: the file is the database as it stood at one moment, or tables may be partly old and partly new. */
  readonly consistency?: "snapshot" | "fuzzy";
  /** When complete: the tables that were changed while they were exported. */
  readonly changedTables?: readonly string[];
  /** When complete: virtual tables whose changes cannot be seen. */
  readonly unwatchedTables?: readonly string[];
  /** Where somebody is to be told of the end. */
  readonly callback?: {
    /** The URL, as the request gave it. */
    readonly url: string;
    /** `waiting` until a call is answered with 2xx, or the last one has failed. */
    readonly status: "waiting" | "delivered" | "failed";
    /** Calls made so far. */
    readonly attempts: number;
    /** What went wrong with the last call. */
    readonly error: string | null;
  };
  /** The finished file; when complete. */
  readonly result?: {
    /** Bytes of the file. */
    readonly size: number;
    /** The ETag of the object in R2. */
    readonly etag: string;
    /** Of the whole file, eight hex digits. */
    readonly crc32: string;
    /** SHA-256 of the parts' SHA-256, in base64, and `-` with their number: the form of S3. */
    readonly sha256: string;
    /** Bytes of each part but the last. */
    readonly partBytes: number;
    /** SHA-256 of each part, in base64; not in lists. */
    readonly parts?: readonly string[];
    /** The file was read back from R2 and compared with what was sent (`verify=1`). */
    readonly verified: boolean;
    /** Rows of each table; in lists only where there are few tables. */
    readonly rows?: Readonly<Record<string, number>>;
  };
  /** Why the job has failed; when failed. */
  readonly error?: {
    /** What docs/errors.md lists. */
    readonly code: ExportErrorCode;
    /** What failed, in words, with names and numbers. */
    readonly message: string;
  };
}

/** What was deleted, and how it ended: `failed` also for a job that another release has stored, and this one cannot read. */
export type DeletedDump = Pick<JobStatus, "dumpId" | "status">;

/** Which jobs a list is to hold. */
export interface ListRequest {
  /** How many at most. @default 100 */
  readonly limit?: number;
  /** The `dumpId` that the list before this one ended with. @default null, the newest first */
  readonly cursor?: string | null;
}

/** What the routes on the object's side call. */
export interface Engine {
  /**
   * Streams a dump. What fails once the stream has begun is an error of its `body`.
   * @throws ExportError `invalid_option`, `unknown_table`, `too_large_for_direct`, `too_many_downloads`
   */
  dump(asked: DumpRequest): Dump;
  /**
   * What `dump()` would say of its file now. Starts nothing, and does not count as a download.
   * @throws ExportError what `dump()` throws
   */
  describe(asked: DumpRequest): Omit<Dump, "body">;
  /**
   * Starts a job, or gives the one that was started before with the same `idempotencyKey`.
   * @throws ExportError `invalid_option`, `unknown_table`, `no_bucket`, `too_many_jobs`, `name_taken`, `idempotency_conflict` (the key came with other options before)
   */
  start(asked: JobRequest, idempotencyKey?: string): Promise<JobStatus>;
  /** Jobs, newest first. Where a job has many tables its rows per table are left out. */
  list(asked?: ListRequest): readonly JobStatus[];
  /**
   * One job.
   * @throws ExportError `not_found`
   */
  status(dumpId: string): JobStatus;
  /**
   * Cancels a running job and discards its upload; deletes a finished one with its file in R2.
   * @throws ExportError `not_found`
   */
  delete(dumpId: string): Promise<DeletedDump>;
}

/** The R2 key of a finished file's manifest: its checksums and its rows, as JSON. */
export function manifestKey(objectId: string, dumpId: string): string {
  return `${objectKey(objectId, dumpId)}.manifest.json`;
}

/** What the keys of all dumps begin with, of every object: a lifecycle rule of the bucket can name it (docs/alarms.md). */
const keyPrefix = "exports/";

/** The R2 key of a job's object: what the Worker needs to serve a download without waking the object. */
export function objectKey(objectId: string, dumpId: string): string {
  return `${objectPrefix(objectId)}${dumpId}`;
}

/** What the keys of all dumps of one object begin with. */
export function objectPrefix(objectId: string): string {
  return `${keyPrefix}${objectId}/`;
}
