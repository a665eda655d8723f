/** Errors that a caller may handle, and what their messages are made of. */
import { quoteName } from "../formats/kit/expression.ts";

/** How many names a message lists at most: what it says must not grow with the number of tables. */
export const namesShown = 20;

/** And how many characters of each. */
const nameShown = 200;

/** The stable codes of `ExportError`; they are part of the HTTP surface and of a failed job's status. */
export type ExportErrorCode =
  | "invalid_option"
  | "unknown_table"
  | "not_found"
  | "not_complete"
  | "too_large_for_direct"
  | "too_many_downloads"
  | "idempotency_conflict"
  | "no_bucket"
  | "schema_changed"
  | "plan_changed"
  | "stalled"
  | "snapshot_too_old"
  | "name_taken"
  | "too_many_jobs"
  | "data_unreadable"
  | "storage_failed"
  | "upload_lost"
  | "checksum_mismatch"
  | "object_missing"
  | "too_many_parts"
  | "unknown_version"
  | "internal";

/** Names for a message, in quotes: some of them, and how many more there are. */
export function listed(names: readonly string[]): string {
  const short = (name: string) => (name.length > nameShown ? `${name.slice(0, nameShown)}…` : name);
  const shown = names.slice(0, namesShown).map((name) => quoteName(short(name)));
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

/** An error that a caller may handle: a stable `code`, a message that says what and with which numbers, and its cause. */
export class ExportError extends Error {
  override readonly name = "ExportError";
  readonly code: ExportErrorCode;
  /** More members for the problem document: the option's name, what came, what is allowed. */
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
