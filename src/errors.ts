/** Errors that a caller may handle, and what their messages are made of. */
import { quoteName } from "../formats/kit/expression.ts";

/** How many names a message lists at most: what it says must not grow with the number of tables. */
export const namesShown = 20;

/** And how many characters of each. */
const nameShown = 200;

/** The stable codes of `ExportError`: part of the HTTP surface, and of the status of a job that has failed. docs/errors.md says what to do about each. */
export type ExportErrorCode =
  /** An option, a header or a body is not what the request takes. */
  | "invalid_option"
  /** `table=` or `exclude=` names a table that there is not. */
  | "unknown_table"
  /** There is no such dump, or it has expired; or there is nothing at that path. */
  | "not_found"
  /** The dump has no file: it is still being made, or it failed or was cancelled. */
  | "not_complete"
  /** The database is larger than a direct download of the whole may be (`maxDirectBytes`). */
  | "too_large_for_direct"
  /** As many direct downloads are under way as the Exporter allows (`maxDownloads`). */
  | "too_many_downloads"
  /** The `Idempotency-Key` belongs to a job with other options. */
  | "idempotency_conflict"
  /** The Exporter was made without a bucket, which jobs need. */
  | "no_bucket"
  /** The schema was changed while the export ran. */
  | "schema_changed"
  /** A deploy changed the code or the formats so that a job cannot go on. */
  | "plan_changed"
  /** A job made no progress for too long, and no error was seen. */
  | "stalled"
  /** The snapshot was given up, or could not be kept. */
  | "snapshot_too_old"
  /** Something of the host has the name of a table that the exporter needs. */
  | "name_taken"
  /** 100 jobs wait or run already. */
  | "too_many_jobs"
  /** SQLite cannot read a table or a definition. */
  | "data_unreadable"
  /** R2 failed, hung or refused a call. */
  | "storage_failed"
  /** R2 no longer has the multipart upload of a job. */
  | "upload_lost"
  /** A part that was read back from R2 is not what was sent (`verify=1`). */
  | "checksum_mismatch"
  /** R2 does not have the finished file (`verify=1`). */
  | "object_missing"
  /** The file needs more parts than R2 takes. */
  | "too_many_parts"
  /** What is stored of a job was written by another version of the package, and cannot be read. */
  | "unknown_version"
  /** Anything else. The Worker's log has the cause. */
  | "internal";

/** Names for a message, in quotes: some of them, and how many more there are. */
export function listed(names: readonly string[]): string {
  const short = (name: string) => (name.length > nameShown ? `${name.slice(0, nameShown)}…` : name);
  const shown = names.slice(0, namesShown).map((name) => quoteName(short(name)));
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

/** An error that a caller may handle. Its message says what was wrong, with names and numbers; `cause` is what was thrown below it, if anything. */
export class ExportError extends Error {
  /** `ExportError`. */
  override readonly name = "ExportError";
  /** What has happened: stable, unlike the message. docs/errors.md says what to do about each. */
  readonly code: ExportErrorCode;
  /** What else an HTTP answer holds of it. For `invalid_option`: `option`, `received`, and `allowed`, a list of texts. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ExportErrorCode,
    message: string,
    extra: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.details = extra.details ?? {};
  }
}
