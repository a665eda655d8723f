/** A job: all that is kept of it. Plain data; how it changes, its tables and the clock are elsewhere. */
import type { Delivery } from "../webhook/delivery.ts";
import type { ExportErrorCode } from "../errors.ts";
import type { StoredOptions } from "../options/stored.ts";
import type { Position } from "../file/pipeline.ts";
import type { EncodingSettings } from "../file/plan.ts";
import type { Facts } from "../reader/facts.ts";
import type { Seal } from "../snapshot/seal.ts";
import type { Estimate } from "../reader/source.ts";
import type { Changes } from "../snapshot/change-tracker.ts";

/**
 * The version of the form in which a job is stored. To be raised with each change that an older release could not read: that release
 * then leaves the job alone, and says so (`unknown_version`).
 */
export const jobVersion = 1;

/** The same for a checkpoint, which holds the position in the file and the packer's state. */
export const checkpointVersion = 1;

/** What a job rests on from one slice to the next. Nothing in it is ahead of what is durable. */
export interface Checkpoint {
  readonly version: typeof checkpointVersion;
  readonly position: Position;
  /** Parts that R2 has answered for; their etags are in a table of their own. */
  readonly parts: number;
  /** CRC-32 and length in bytes of the file in front of the position, the remainder included. */
  readonly crc: number;
  readonly length: number;
}

/** Everything about one job but its etags and its remainder. */
export interface Job {
  readonly version: typeof jobVersion;
  readonly id: string;
  readonly startedMs: number;
  readonly state: "running" | "complete" | "failed" | "cancelled";
  readonly options: StoredOptions;
  readonly idempotencyKey: string | null;
  readonly fileName: string;
  readonly mediaType: string;
  /** SHA-256 of the schema's fingerprint, and of the layout, at the start. */
  readonly schemaHash: string;
  readonly layoutHash: string;
  readonly facts: Facts;
  readonly encoding: EncodingSettings;
  readonly partBytes: number;
  readonly tables: readonly string[];
  readonly estimate: Estimate;
  /** Size of the database when it was planned. */
  readonly databaseBytes: number;
  /** What tells that the tables are still the same; null as long as nothing is read. */
  readonly seal: Seal | null;
  /** Rows are read as they are. */
  readonly isFuzzy: boolean;
  /** Since when rows are kept as they were, Unix milliseconds; null as long as they are not. */
  readonly snapshotMs: number | null;
  readonly warnings: readonly string[];
  /** `Layout.needsSqlite`. */
  readonly needsSqlite: string | null;
  readonly uploadId: string | null;
  readonly checkpoint: Checkpoint | null;
  /** How often it began again, as R2 had lost its parts. */
  readonly restarts: number;
  /** It began again, as the schema had changed. */
  readonly hasRestartedForSchema: boolean;
  /** Slices begun since the last progress. */
  readonly attempts: number;
  /** When the first of them began, Unix milliseconds; null with no slice begun. */
  readonly triedMs: number | null;
  /** When there is something to do for it next, Unix milliseconds: a slice, or cleaning up. */
  readonly wakeMs: number;
  /** Which instance of the object has an attempt under way; when the job is finished, that attempt cleans up. */
  readonly lease: string | null;
  /** R2 may hold something of it besides what is known here: it was finished while an attempt was under way. */
  readonly mayHaveMore: boolean;
  /** Deleted by its caller, and no longer shown; the row is kept until all is cleaned up. */
  readonly isDeleted: boolean;
  readonly finishedMs: number | null;
  /** The call that tells of its end; null before it, or if nobody wants to be told. */
  readonly delivery: Delivery | null;
  /** How long it is kept when it is finished, in milliseconds. */
  readonly retentionMs: number;
  /** Of the file that stands in R2; while the job still runs it is being read back. */
  readonly result: { readonly size: number; readonly etag: string; readonly sha256: string } | null;
  /** What changed under the export, once all rows are read. */
  readonly changes: Changes | null;
  /** Parts that were read back and were what was sent. */
  readonly verified: number;
  readonly error: { readonly code: ExportErrorCode; readonly message: string } | null;
}

/** What a job takes from the plan that it follows. */
export type Planned = Pick<
  Job,
  | "schemaHash"
  | "layoutHash"
  | "facts"
  | "mediaType"
  | "tables"
  | "estimate"
  | "databaseBytes"
  | "warnings"
  | "needsSqlite"
>;
