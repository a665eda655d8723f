/** What jobs work with: the same for all of an object's, and for as long as it lives. */
import type { Format } from "../../formats/format.ts";
import type { EncodingSettings } from "../file/plan.ts";
import type { Sink } from "../sink/sink.ts";
import type { Webhooks } from "../webhook/webhook.ts";
import type { PartLimits } from "./part-size.ts";
import type { JobStore } from "./store.ts";
import type { SliceBudget } from "./slice-context.ts";

/** The object's storage, where files go, and what the host has set. */
export interface JobContext {
  readonly sql: SqlStorage;
  readonly store: JobStore;
  readonly sink: Sink | undefined;
  readonly formats: readonly Format[];
  readonly objectId: string;
  readonly budget?: SliceBudget | undefined;
  /** How large parts may be, and how many; R2's limits where nothing is said. */
  readonly parts?: PartLimits;
  /** How long a new job is kept when it is finished, in milliseconds. */
  readonly retentionMs: number;
  /** Bytes of changed rows that a snapshot may keep; null for a tenth of the database, or 256 MiB if that is more. */
  readonly maxUndoBytes: number | null;
  /** Who may be told of the end of a job. */
  readonly webhooks: Webhooks;
  /** What new jobs are made with. */
  readonly encoding: EncodingSettings;
  /** Goes on with something beside everything else. */
  readonly background: (work: Promise<void>) => void;
  /** Makes sure that the object is woken at this time, Unix milliseconds, or earlier. */
  readonly wake: (at: number) => Promise<unknown>;
  /** Identifies this instance of the object: whoever else holds a lease is gone. */
  readonly instanceId: string;
}
