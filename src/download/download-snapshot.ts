/** What is a download's own about its snapshot: it lives no longer than the object does, and where it cannot vouch for the file the download is cut. */
import { runCooperatively } from "../base/event-loop.ts";
import { ExportError, listed } from "../errors.ts";
import { rowSegments, type Read } from "../file/pipeline.ts";
import type { Plan } from "../file/plan.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { dropUndoLogs } from "../snapshot/registry.ts";

/** What the ids of this instance's downloads begin with; several Exporters may share an object. */
const idPrefixes = new WeakMap<DurableObjectState, string>();

function idPrefixOf(ctx: DurableObjectState): string {
  const prefix = idPrefixes.get(ctx) ?? `direct-${randomHex()}-`;
  idPrefixes.set(ctx, prefix);
  return prefix;
}

function randomHex(): string {
  return crypto.getRandomValues(new Uint8Array(4)).toHex();
}

/** What is kept is counted every few steps: that takes as long as a hundredth of a step. */
const stepsPerLimitCheck = 16;

/** Keeps rows as they were when a download began. All methods but `begin` are synchronous. */
export class DownloadSnapshot {
  readonly #snapshot: Snapshot;
  #steps = 0;

  /** `maxUndoBytes` is in bytes of changed rows; null for the default. */
  constructor(ctx: DurableObjectState, { source, layout, databaseBytes }: Plan, maxUndoBytes: number | null) {
    this.#snapshot = new Snapshot({
      sql: ctx.storage.sql,
      exportId: idPrefixOf(ctx) + randomHex(),
      source,
      segments: rowSegments(layout.segments),
      isFuzzy: false,
      databaseBytes,
      maxUndoBytes,
    });
  }

  /**
   * Begins, after a first step that leaves more to read. False if the host has written meanwhile, so that what was read is no longer what there
   * is. Throws `snapshot_too_old` if there are tables whose changes nobody would see.
   */
  async begin({ counts }: Read): Promise<boolean> {
    const isUndisturbed = await runCooperatively(this.#snapshot.begin(counts.length));
    const unseen = this.#snapshot.unwatchedTables();
    if (unseen.length === 0) return isUndisturbed;
    throw new ExportError(
      "snapshot_too_old",
      `Cannot hold ${listed(unseen)} still for a download, nor see whether they change: they are too large; start a job with POST, which says so, leave them out with exclude=, or ask for consistency=fuzzy`,
    );
  }

  /** What has been read is never read again. Throws `snapshot_too_old`. */
  advance({ counts }: Read): void {
    // no cursor: each write holds the next bytes back until it is durable, so there is one for each table and not for each page
    this.#snapshot.advance(counts.length, null);
    if (this.#steps++ % stepsPerLimitCheck === 0) this.checkLimit();
  }

  /** Throws `snapshot_too_old` if more is kept than may be; to be asked also while nobody reads. */
  checkLimit(): void {
    this.#snapshot.checkLimit();
  }

  /** All is read. Throws `snapshot_too_old` if the file may not be the database of one moment. */
  check(): void {
    const { changed } = this.#snapshot.changes();
    if (changed.length === 0) return;
    throw new ExportError(
      "snapshot_too_old",
      `Cannot vouch for the download: ${listed(changed)}, of which no snapshot can be kept, changed while it was read; try again, start a job with POST, or ask for consistency=fuzzy`,
    );
  }

  /** Takes away all that is kept. */
  end(): void {
    this.#snapshot.end();
  }
}

/** Takes away what downloads of an earlier instance of the object have left, and jobs that no longer exist. */
export function dropLostSnapshots(ctx: DurableObjectState, isOpenJob: (id: string) => boolean): void {
  const prefix = idPrefixOf(ctx);
  dropUndoLogs(ctx.storage.sql, (id) => id.startsWith(prefix) || isOpenJob(id));
}
