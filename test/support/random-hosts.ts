/** Hosts that do random things with their alarm at random moments, while exports run and the object is lost. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { generator } from "../../tools/lib/random.ts";
import { judge, type Bounds } from "./alarm-model.ts";
import { beside, thePlatforms } from "./alarms.ts";
import type { Deed, DiaryHost } from "./diary-host.ts";

/** What became of one host. */
export interface Outcome {
  readonly faults: readonly string[];
  readonly runs: number;
  readonly failures: number;
  readonly losses: number;
  readonly dumps: number;
}

/** What a host does, one after the other: some five seconds of it. */
const steps = 30;
const day = 24 * 3_600_000;

/** Lives a random host's life; then its jobs have to end, and its alarm to be what the host has set. */
async function liveAs(seed: number, bounds: Bounds, exports: boolean): Promise<Outcome> {
  const random = generator(seed * 7919 + 17);
  for (let skip = 0; skip < 5; skip++) random();
  const upTo = (most: number) => Math.floor(random() * most);
  const { id } = env.DIARY_HOST.get(env.DIARY_HOST.newUniqueId());
  const within = async (use: (host: DiaryHost, state: DurableObjectState) => unknown) => {
    try {
      await runInDurableObject(env.DIARY_HOST.get(id), async (host, state) => void (await use(host, state)));
    } catch (error) {
      if (!/lost, as it was told|Durable Object|broken/.test(String(error))) throw error;
    }
  };
  const soon = () => [0, 1, 20, 100, 300, 700, 1_500, day][upTo(8)] ?? 0;
  const deed = (): Deed => {
    const again = random() < 0.3 ? { again: soon() } : {};
    const takes = random() < 0.3 ? { takes: upTo(900) } : {};
    return { ...again, ...takes, fails: random() < 0.45, starts: exports && random() < 0.1 };
  };
  const deeds: (readonly [number, () => Promise<void>])[] = [
    [4, () => within((host) => host.set(soon()))],
    [4, () => within((host) => host.setIfNone(soon()))],
    [2, () => within((host) => host.delete())],
    [3, () => within((host) => host.see())],
    [3, () => within((host) => void (host.deeds = [deed(), deed()]))],
    [2, () => within((host, { storage }) => changedBack(host, storage))],
    [1.5, () => within((_, state) => state.abort("lost, as it was told"))],
    [0.3, () => evictDurableObject(env.DIARY_HOST.get(id)).catch(() => {})],
  ];
  if (exports)
    deeds.push(
      [4, () => within((host) => started(host, upTo(3) * 300))],
      [2, () => within((host) => host.exporter.list())],
      [2, () => within((host) => downloaded(host, random() < 0.5))],
      [1, () => within((host) => deleted(host, upTo(2)))],
    );
  const all = deeds.reduce((sum, [weight]) => sum + weight, 0);
  await within((host) => host.see());
  for (let step = 0; step < steps; step++) {
    let at = random() * all;
    const chosen = deeds.find(([weight]) => (at -= weight) < 0);
    await chosen?.[1]();
    await scheduler.wait([0, 0, 5, 50, 200, 400][upTo(6)] ?? 0);
  }
  return ending(id, within, bounds);
}

async function ending(
  id: DurableObjectId,
  within: (use: (host: DiaryHost, state: DurableObjectState) => unknown) => Promise<void>,
  bounds: Bounds,
): Promise<Outcome> {
  const faults: string[] = [];
  const since = Date.now();
  // nobody asks the exporter: jobs have to end by themselves
  for (;;) {
    let isOver = false;
    await within((host, { storage }) => {
      host.deeds = [];
      const query = "SELECT count(*) AS n FROM sqlite_schema WHERE name = '_durable_export_jobs'";
      const hasJobs = storage.sql.exec<{ n: number }>(query).one().n > 0;
      const open = "SELECT count(*) AS n FROM _durable_export_jobs WHERE state = 'running'";
      isOver = !hasJobs || storage.sql.exec<{ n: number }>(open).one().n === 0;
    });
    if (isOver) break;
    if (Date.now() - since > 60_000) {
      faults.push("a job stands still");
      break;
    }
    await scheduler.wait(200);
  }
  for (;;) {
    let outcome: Outcome | null = null;
    let isOver = false;
    await within(async (host, { storage }) => {
      const seen = await host.see();
      const { faults: broken, due } = judge(host.diary, bounds);
      isOver = due === null || due > Date.now() + day / 2;
      const standing = await thePlatforms(storage).getAlarm();
      if ((!isOver || standing !== seen) && Date.now() - since < 90_000) return;
      if (!isOver) faults.push(`an alarm of ${due} never came`);
      if (standing !== seen) faults.push(`at the end ${standing} stands, and the host sees ${seen}`);
      const count = (kind: string) => host.diary.filter((line) => line.kind === kind).length;
      if (broken.length > 0) console.log(JSON.stringify(host.diary));
      outcome = {
        faults: [...faults, ...broken].map((fault) => `${id.toString().slice(0, 8)}: ${fault}`),
        runs: count("run"),
        failures: count("failed"),
        losses: count("lost"),
        dumps: host.exporter.list().filter(({ status }) => status === "complete").length,
      };
    });
    if (outcome !== null) return outcome;
    await scheduler.wait(300);
  }
}

async function started(host: DiaryHost, lag: number): Promise<void> {
  host.lag = lag;
  await host.exporter.start({ tables: ["files"], consistency: lag === 0 ? "snapshot" : "fuzzy" });
}

async function deleted({ exporter }: DiaryHost, at: number): Promise<void> {
  const job = exporter.list()[at];
  if (job !== undefined) await exporter.delete(job.dumpId);
}

/** Reads a download, or a bit of it. */
async function downloaded({ exporter }: DiaryHost, isWhole: boolean): Promise<void> {
  const reader = exporter.dump({ tables: ["files"] }).body.getReader();
  const most = isWhole ? Number.POSITIVE_INFINITY : 2;
  for (let read = 0; read < most; read++) if ((await reader.read()).done) return;
  await reader.cancel();
}

/** Sets and deletes alarms in transactions that do not come to be. */
async function changedBack(host: DiaryHost, storage: DurableObjectStorage): Promise<void> {
  await storage.transaction(async (transaction) => {
    await transaction.setAlarm(Date.now() + day);
    transaction.rollback();
  });
  if (host.isRunning) return; // the platform does not take it back then: workerd io/actor-sqlite.c++:816
  try {
    storage.transactionSync(() => {
      void storage.deleteAlarm();
      throw new Error("back");
    });
  } catch {
    // as it was told
  }
}

/** Lives the lives of hosts, eight at once: all of them share one thread. */
export async function liveAll(wanted: {
  readonly first: number;
  readonly count: number;
  readonly exports: boolean;
}): Promise<Outcome> {
  const all: Outcome[] = [];
  for (let at = 0; at < wanted.count; at += 8) {
    // a second is ours; the platform alone, without an exporter, was seen to be 1,099 ms late
    const lateMs = 2_000;
    const bounds = { late: lateMs, afterLoss: 30_000 };
    const seeds = Array.from({ length: Math.min(8, wanted.count - at) }, (_, index) => wanted.first + at + index);
    const lives = Promise.all(seeds.map((seed) => liveAs(seed, bounds, wanted.exports)));
    await beside(lives, (lag) => (bounds.late = Math.max(bounds.late, lateMs + lag)));
    all.push(...(await lives));
  }
  const sum = (key: "runs" | "failures" | "losses" | "dumps") => all.reduce((total, one) => total + one[key], 0);
  return {
    faults: all.flatMap(({ faults }) => faults),
    runs: sum("runs"),
    failures: sum("failures"),
    losses: sum("losses"),
    dumps: sum("dumps"),
  };
}
