/** Reads a finished file back from the sink, part by part, and compares each with what was sent. */
import { ExportError } from "../errors.ts";
import { digestsOf, type PartDigests } from "./checksums.ts";
import type { Job } from "./job.ts";
import type { DumpUpload } from "./upload.ts";
import type { SliceBudget } from "./slice-context.ts";

/** What reading back needs from around it. */
export interface VerifyContext {
  readonly object: DumpUpload;
  readonly parts: readonly PartDigests[];
  readonly budget: SliceBudget;
  /** True once somebody has cancelled the job. */
  readonly isCancelled: () => boolean;
  /** Keeps how many parts have been compared. */
  readonly verified: (parts: number) => void;
}

/** Compares parts from where the job is, for as long as a slice may take. Throws `checksum_mismatch`. */
export async function verifySlice(job: Job, context: VerifyContext): Promise<"done" | "paused" | "cancelled"> {
  const { object, parts, budget, isCancelled, verified } = context;
  const started = Date.now();
  const size = job.result?.size ?? 0;
  let read = 0;
  for (let at = job.verified; at < parts.length; at++) {
    if (read >= budget.renderedBytes || Date.now() - started >= budget.ms) return "paused";
    const offset = at * job.partBytes;
    const bytes = await object.read(offset, Math.min(job.partBytes, size - offset));
    if (isCancelled()) return "cancelled";
    const { sha256 } = await digestsOf(bytes);
    if (sha256 !== parts[at]?.sha256) {
      const found = `its SHA-256 is ${sha256}, expected ${parts[at]?.sha256}`;
      throw new ExportError(
        "checksum_mismatch",
        `Part ${at + 1} of "${job.fileName}" in R2 is not what was sent: ${found}`,
      );
    }
    if (isCancelled()) return "cancelled";
    read += bytes.length;
    verified(at + 1);
  }
  return "done";
}
