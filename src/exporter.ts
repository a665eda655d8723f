/** What the object holds: the engine, behind `fetch()` and `alarm()`. */
import type { Format } from "../formats/format.ts";
import { formats as defaultFormats } from "../formats/index.ts";
import { DownloadSnapshot, dropLostSnapshots } from "./download/download-snapshot.ts";
import { DownloadPlan, maxDirectBytes } from "./download/download-plan.ts";
import { Downloads, longFileParts, maxDownloads } from "./download/downloads.ts";
import type {
  DeletedDump,
  DumpRequest,
  JobRequest,
  Dump,
  Engine,
  ExportOptions,
  JobStatus,
  ListRequest,
} from "./api.ts";
import { ExportError } from "./errors.ts";
import type { ExporterOptions } from "./exporter-options.ts";
import { StoredAlarmTimes } from "./alarm/alarm-times.ts";
import { SharedAlarm } from "./alarm/shared-alarm.ts";
import { HostSchedule } from "./alarm/host-schedule.ts";
import type { Job } from "./job/job.ts";
import { JobStore, noSuchDump } from "./job/store.ts";
import { WorkLoop, type Work } from "./alarm/work-loop.ts";
import { JobRunner } from "./job/runner.ts";
import { statusOf } from "./job/status.ts";
import { expiresMs } from "./job/transitions.ts";
import type { WakeSchedule } from "./alarm/wake-schedule.ts";
import { fileNameOf } from "./file/layout.ts";
import { retentionMs } from "./job/new-job.ts";
import { neverMs } from "./base/waits.ts";
import { MiB } from "./base/units.ts";
import { listedJobs } from "./options/list-options.ts";
import type { OptionContext } from "./options/option.ts";
import { parseJobOptions, parseOptions } from "./options/parse.ts";
import { currentEncodingSettings, type EncodingSettings } from "./file/plan.ts";
import { isForwarded } from "./http/forward.ts";
import { objectRoutes } from "./http/object-routes.ts";
import { withDeadline, sinkDeadlineMs } from "./sink/deadline.ts";
import { readingSchema } from "./schema/read-errors.ts";
import { readCatalog } from "./schema/catalog.ts";
import { tableNames } from "./schema/selection.ts";

import { dropUndoLogs, hasLeftovers, droppingLeftovers, dropAgainMs } from "./snapshot/registry.ts";
import { runCooperatively } from "./base/event-loop.ts";
import { Webhooks } from "./webhook/webhook.ts";

/** Exports the SQLite database of the Durable Object that holds it. Make it in a field of the object, so that it is there before any request or alarm. */
export class Exporter implements Engine {
  /** The formats on offer; the first is the default. */
  readonly formats: readonly Format[];
  readonly #ctx: DurableObjectState;
  readonly #maxDirectBytes: number;
  readonly #store: JobStore;
  readonly #wakeSchedule: WakeSchedule;
  readonly #workLoop: WorkLoop;
  readonly #encoding: EncodingSettings;
  readonly #downloads: Downloads;
  #isDropping = false;
  readonly #maxUndoBytes: number | null;
  readonly #runner: JobRunner;
  readonly #work: Work;
  readonly #optionContext: OptionContext;
  readonly #routes: (request: Request) => Promise<Response>;

  /** Reads nothing of the host's; goes on with jobs that an earlier instance of the object began. */
  constructor(ctx: DurableObjectState, options: ExporterOptions = {}) {
    const { sql } = ctx.storage;
    this.#ctx = ctx;
    this.formats = options.formats ?? defaultFormats;
    this.#optionContext = { formats: this.formats, tableNames: () => this.tableNames() };
    this.#maxDirectBytes = options.maxDirectBytes ?? maxDirectBytes;
    this.#encoding = currentEncodingSettings(options.page, options.level, options.zstdLevel);
    this.#maxUndoBytes = options.maxUndoBytes ?? null;
    this.#downloads = new Downloads(options.maxDownloads ?? maxDownloads);
    this.#store = new JobStore(sql);
    const { schedule } = options;
    const alarmTimes = new StoredAlarmTimes(sql);
    this.#wakeSchedule =
      schedule === undefined ? SharedAlarm.of(ctx.storage, alarmTimes) : new HostSchedule(alarmTimes, schedule);
    this.#workLoop = WorkLoop.of(ctx);
    this.#runner = new JobRunner({
      sql,
      store: this.#store,
      sink: options.bucket && withDeadline(options.bucket, options.deadlineMs ?? sinkDeadlineMs),
      formats: this.formats,
      objectId: ctx.id.toString(),
      budget: options.slice,
      encoding: this.#encoding,
      webhooks: new Webhooks({ hosts: options.callbackHosts ?? [], secret: options.callbackSecret }),
      maxUndoBytes: this.#maxUndoBytes,
      retentionMs: Math.min(options.retentionMs ?? retentionMs, neverMs),
      background: (work) => ctx.waitUntil(work.then(() => this.#workLoop.watch())),
      wake: (at) => this.#wakeSchedule.wake(at),
      instanceId: this.#workLoop.instanceId,
    });
    this.#routes = objectRoutes(this);
    this.#work = {
      isWhole: options.bucket !== undefined,
      wakeSchedule: this.#wakeSchedule,
      recover: () => this.#runner.recover(),
      nextMs: () => this.nextAlarm(),
      nextExpiryMs: () => this.#runner.nextExpiryMs(),
      run: async () => {
        this.#cleanUp();
        await this.#runner.runDue();
        this.#dropLeftovers(); // of a job that has come to its end
      },
    };
    dropLostSnapshots(ctx, (id) => this.#store.exists && this.#store.isRunning(id));
    if (this.#store.exists) this.#attend();
  }

  /** True for a request that `exportRoutes` forwarded: `fetch()` answers it; everything else is the host's own. */
  handles(request: Request): boolean {
    return isForwarded(request);
  }

  /** Answers a request that `exportRoutes` forwarded; any other gets a 403. */
  async fetch(request: Request): Promise<Response> {
    this.#cleanUp();
    this.#attend();
    return this.#routes(request);
  }

  /**
   * Call it first in the object's `alarm()`. Begins the work that is due, and returns without waiting for its end. True if the alarm was the
   * exporter's alone; false if it was, or was also, the host's own: its handler then goes on with its own work.
   */
  async alarm(info?: AlarmInvocationInfo): Promise<boolean> {
    if (!this.#store.exists) return this.#wakeSchedule.fired(info, null); // one may be on its way after the host's deleteAll()
    this.#workLoop.serve(this.#work);
    this.#cleanUp();
    const isOwn = await this.#wakeSchedule.fired(info, this.#workLoop.nextMs());
    this.#workLoop.drive();
    return isOwn;
  }

  /** When `alarm()` has work to do next, in Unix milliseconds; null if there is nothing to do. */
  nextAlarm(): number | null {
    const dropMs = hasLeftovers(this.#ctx.storage.sql) ? Date.now() + dropAgainMs : null;
    const times = [this.#runner.nextWakeMs(), this.#downloads.nextCleanUpMs(), dropMs].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /**
   * The names that `tables` and `exclude` may hold.
   * @throws ExportError `data_unreadable` where the schema cannot be read
   */
  tableNames(): readonly string[] {
    const { sql } = this.#ctx.storage;
    return tableNames(readingSchema(sql, () => readCatalog(sql)));
  }

  dump(asked: DumpRequest = {}): Dump {
    const { options, plan } = this.#planned(asked);
    const prepared = async () => {
      const made = await plan.made();
      const isStill = options.consistency !== "fuzzy";
      return {
        pipeline: made.pipeline,
        snapshot: isStill ? new DownloadSnapshot(this.#ctx, made, this.#maxUndoBytes) : null,
        isLong: made.layout.segments.length > longFileParts,
      };
    };
    const changed = () => {
      this.#store.prepare();
      this.#attend(); // for clearing away what nobody fetches
    };
    return { ...described(plan), body: this.#downloads.stream(prepared, changed) };
  }

  describe(asked: DumpRequest = {}): Omit<Dump, "body"> {
    return described(this.#planned(asked).plan);
  }

  async start(asked: JobRequest = {}, idempotencyKey?: string): Promise<JobStatus> {
    const options = parseJobOptions(asked, this.#optionContext);
    const isKnown = idempotencyKey !== undefined && this.#store.byIdempotencyKey(idempotencyKey) !== null;
    const job = await this.#runner.create(options, idempotencyKey ?? null);
    this.#attend();
    try {
      await this.#workLoop.arm();
    } catch (error) {
      if (!isKnown) this.#store.remove(job.id); // a job that no alarm would bring back is none
      throw error;
    }
    return this.#statusOf(job);
  }

  list({ limit = listedJobs, cursor = null }: ListRequest = {}): readonly JobStatus[] {
    this.#attend();
    const nowMs = Date.now();
    const currentId = this.#store.current()?.id;
    return this.#store.list(limit, cursor).map((job) => statusOf(job, job.id === currentId, nowMs));
  }

  status(dumpId: string): JobStatus {
    this.#attend();
    const job = this.#store.get(dumpId);
    if (job.isDeleted || expiresMs(job) <= Date.now()) throw noSuchDump(dumpId);
    const parts = this.#store.parts.list(dumpId).map(({ sha256 }) => sha256);
    return this.#statusOf(job, parts);
  }

  async delete(dumpId: string): Promise<DeletedDump> {
    const job = await this.#runner.delete(dumpId);
    this.#attend();
    return job === null ? { dumpId, status: "failed" } : this.#statusOf(job);
  }

  /**
   * Takes away all that the exporter has of this object: jobs, uploads, files, and its own tables. To be called before the object's storage is deleted
   * for good; it may be called again, also when that has been done.
   * @throws ExportError `storage_failed` where R2 refuses something; what is left is found by the next call
   */
  async deleteAll(): Promise<void> {
    const { sql } = this.#ctx.storage;
    this.#downloads.endAll();
    for (;;) {
      await this.#runner.deleteAll();
      dropUndoLogs(sql, () => false); // also what another Exporter, or an earlier life, has left
      await this.#workLoop.arm(); // the alarm is the host's alone again
      if (this.#store.some(1).length === 0) break; // none was started meanwhile
    }
    this.#store.drop();
  }

  /** Takes away what nobody needs any more. */
  #cleanUp(): void {
    this.#downloads.cleanUp(Date.now());
    this.#dropLeftovers();
  }

  /** Drops what exports that are over have left, in turns: of many tables it takes some time. */
  #dropLeftovers(): void {
    if (this.#isDropping || !hasLeftovers(this.#ctx.storage.sql)) return;
    this.#isDropping = true;
    const { sql } = this.#ctx.storage;
    const drop = async () => {
      try {
        await runCooperatively(droppingLeftovers(sql));
      } finally {
        this.#isDropping = false;
      }
      if (!hasLeftovers(sql)) this.#workLoop.watch(); // for a last time; what the host still reads from is tried again later
    };
    this.#ctx.waitUntil(drop());
  }

  /** What a download is to be, if it may begin; nothing has begun yet. */
  #planned(asked: DumpRequest): { readonly options: ExportOptions; readonly plan: DownloadPlan } {
    const { sql } = this.#ctx.storage;
    const options = parseOptions(asked, this.#optionContext);
    if (options.tables === null && options.content !== "schema" && sql.databaseSize > this.#maxDirectBytes) {
      const [size, limit] = [sql.databaseSize / MiB, this.#maxDirectBytes / MiB].map((value) => value.toFixed(0));
      throw new ExportError(
        "too_large_for_direct",
        `Cannot download the whole database at once: it has ${size} MiB, the limit is ${limit} MiB; start a job with POST instead, or choose tables`,
        { details: { size: sql.databaseSize, limit: this.#maxDirectBytes } },
      );
    }
    this.#downloads.admit(Date.now());
    return { options, plan: new DownloadPlan(sql, { ...options, ...this.#encoding }, this.formats) };
  }

  #statusOf(job: Job, parts?: readonly string[]): JobStatus {
    return statusOf(job, this.#store.current()?.id === job.id, Date.now(), parts);
  }

  /** Looks after what is to be done: sets the alarm for it, or goes on with it, and takes away what has had its time. */
  #attend(): void {
    this.#dropLeftovers();
    this.#workLoop.serve(this.#work);
    this.#workLoop.watch();
  }
}

function described({ packaging }: DownloadPlan): Omit<Dump, "body"> {
  return { fileName: fileNameOf(packaging, Date.now()), mediaType: packaging.mediaType };
}
