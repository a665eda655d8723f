/** How an exporter is set up. */
import type { Format } from "../formats/format.ts";
import type { SliceBudget } from "./job/slice-context.ts";
import type { PageBudget } from "./reader/source.ts";
import type { Sink } from "./sink/sink.ts";

/** How an exporter is set up. Everything has a default; without a bucket there are downloads, but no jobs. */
export interface ExporterOptions {
  /** Where jobs put their files: an `R2Bucket`, or anything of its shape. @default none: downloads, but no jobs */
  readonly bucket?: Sink | undefined;
  /** The formats on offer; the first is what a request gets that names none. @default `formats`: sql, csv, jsonl */
  readonly formats?: readonly Format[];
  /** Bytes of database beyond which a direct download of the whole is refused with `too_large_for_direct`. @default 1,073,741,824 (1 GiB) */
  readonly maxDirectBytes?: number;
  /** Direct downloads that may be under way at once; one more is refused with `too_many_downloads`. @default 4 */
  readonly maxDownloads?: number;
  /**
   * For a host that keeps a schedule of its own: called with the time, in Unix milliseconds, at which `alarm()` must be called. Round it up if
   * your scheduler has one-second resolution: an `alarm()` that comes too early does nothing.
   * @default none: the object's own alarm is used, and shared with the host
   */
  readonly schedule?: (at: number) => void | Promise<void>;
  /** How much one alarm does before the next one goes on. @default 5 s, 128 MiB rendered */
  readonly slice?: SliceBudget;
  /** Milliseconds for which a finished dump and its file in R2 are kept; `Infinity` keeps them for good. @default 604,800,000 (7 days) */
  readonly retentionMs?: number;
  /** Milliseconds that one call to the bucket may take before it counts as failed and is tried again. @default 60,000 */
  readonly deadlineMs?: number;
  /** Bytes of changed rows that a snapshot may keep; beyond it the export fails with `snapshot_too_old`. @default a tenth of the database, or 256 MiB if that is more */
  readonly maxUndoBytes?: number;
  /** Hosts (with a port, if it is not 443) that `callback=` may name. @default none: nobody is called */
  readonly callbackHosts?: readonly string[];
  /** Signs what is sent to them: `whsec_` and base64 (https://www.standardwebhooks.com). @default none: `callback=` is refused */
  readonly callbackSecret?: string | undefined;
  /** How much one page holds at most: what is read without a pause. @default 8,192 rows, 256 KiB rendered */
  readonly page?: PageBudget;
  /** Deflate level of `compress=gzip`, 1 (fast) to 9 (small). @default 6 */
  readonly level?: number;
  /** Level of `compress=zstd`, 1 (fast) to 9 (small). @default 3 */
  readonly zstdLevel?: number;
}
