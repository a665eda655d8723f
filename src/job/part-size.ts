/**
 * How large the parts of a file are. All but the last have one size (https://developers.cloudflare.com/r2/objects/multipart-objects/), so a file that
 * turns out to need more of them than there may be is begun again with larger ones.
 */
import { ExportError } from "../errors.ts";
import { maxParts } from "../platform-limits.ts";
import { MiB } from "../base/units.ts";
import type { Job } from "./job.ts";
import { progressNow } from "./progress.ts";

/**
 * Bytes of a part: as few as R2 takes, as two of them are in memory, and all but the last equal
 * (https://developers.cloudflare.com/r2/objects/multipart-objects/).
 */
export const partBytes = 5 * MiB;

/** Bytes of a part at most: an isolate has 128 MB, and while one is sent no other is made (`overlapBytes` in slice.ts). 10,000 of them are 625 GiB. */
const largestPartBytes = 64 * MiB;

/** How much larger than its database a file can be: two hex digits a byte, and column names in every row. */
const renderedPerStored = 8;

/** What is allowed. */
export interface PartLimits {
  /** Bytes of a part, if nothing speaks for more. */
  readonly usual: number;
  /** Bytes of a part at most: it is held in memory. */
  readonly largest: number;
  /** Parts of a file at most. */
  readonly most: number;
}

/** R2's, and those of an isolate. */
export const usualParts: PartLimits = { usual: partBytes, largest: largestPartBytes, most: maxParts };

/** The size of a new job's parts in bytes: sized up where so many of the usual size could be too few. */
export function partSizeFor(databaseBytes: number, { usual, largest, most }: PartLimits = usualParts): number {
  return Math.min(largest, Math.max(usual, wholeMiB((databaseBytes * renderedPerStored) / most)));
}

/** Parts and share of the work after which it can be told how large a file will be. */
const telling = { parts: 8, share: 0.02 };

/** Bytes that a job's file is likely to have; null as long as that cannot be told. */
function likelyBytes(job: Job, most: number): number | null {
  const { length = 0, parts = 0 } = job.checkpoint ?? {};
  const { share } = progressNow(job);
  return parts < Math.min(telling.parts, most / 2) || share < telling.share ? null : length / share;
}

/** Throws `too_many_parts` where more are likely to be needed than there may be, and they can be larger: sooner is cheaper. */
export function expectRoom(job: Job, limits: PartLimits = usualParts): void {
  const bytes = likelyBytes(job, limits.most);
  if (bytes === null || bytes <= job.partBytes * limits.most || largerParts(job, limits) === null) return;
  const needed = Math.ceil(bytes / job.partBytes);
  throw new ExportError(
    "too_many_parts",
    `Cannot go on with parts of ${job.partBytes} bytes: about ${needed} would be needed, and there may be ${limits.most}`,
  );
}

/** The next size of a job's parts, in bytes, where they were too small; null if there is none. */
export function largerParts(job: Job, { largest, most }: PartLimits): number | null {
  if (job.partBytes >= largest) return null;
  const room = ((likelyBytes(job, most) ?? 0) * 1.5) / most;
  return Math.min(largest, Math.max(job.partBytes * 2, wholeMiB(room)));
}

function wholeMiB(bytes: number): number {
  return Math.ceil(bytes / MiB) * MiB;
}
