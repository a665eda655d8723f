/** Where the time of a request goes: V8's own profiler, through the inspector that wrangler opens. Calls into SQLite and zlib count as theirs. */
import type { Server } from "../lib/server.ts";
import { Inspector } from "./inspector.ts";

/** Milliseconds of one function's own time. */
export interface Own {
  readonly name: string;
  readonly stage: Stage;
  readonly ms: number;
}

type Stage = "SQLite" | "encoder" | "packer" | "checksums" | "other JavaScript" | "native: HTTP, streams, R2" | "idle";

/** The functions by which a stage is known; whatever has another name is other JavaScript. */
const stages: Readonly<Record<Exclude<Stage, "other JavaScript">, readonly string[]>> = {
  SQLite: ["exec", "next", "raw", "toArray"],
  encoder:
    "toLiterals toLines copy copyText put hasRoom larger unescaped safeReal isSafe isSafeDecimal productError halfUlp finish isUtf8 decodeUtf8 includesAscii utf8 hexBytes encode literal field value readCells renderFast renderCareful".split(
      " ",
    ),
  packer: ["deflateRawSync", "processChunkSync", "zlibBufferSync", "pack", "crc32", "concatBytes", "blocks"],
  checksums: ["digest", "digestsOf", "write"],
  "native: HTTP, streams, R2": ["(program)", "read", "enqueue", "uploadPart", "fetch"],
  idle: ["(idle)"],
};

function stageOf(name: string): Stage {
  const found = Object.entries(stages).find(([, names]) => names.includes(name))?.[0];
  return isStage(found) ? found : "other JavaScript";
}

function isStage(name: string | undefined): name is Exclude<Stage, "other JavaScript"> {
  return name !== undefined && name in stages;
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** Runs something while the Worker is watched, and gives each function's own time, longest first. */
export async function profiled(server: Server, run: () => Promise<unknown>): Promise<readonly Own[]> {
  return ownTimes(await profileOf(server, run));
}

/** Runs something while the Worker is watched. */
export async function profileOf(server: Server, run: () => Promise<unknown>): Promise<Profile> {
  const inspector = await Inspector.open(server.inspectorUrl);
  try {
    inspector.tell("Profiler.enable");
    inspector.tell("Profiler.setSamplingInterval", { interval: 250 });
    inspector.tell("Profiler.start");
    await run();
    const answer = inspector.ask<{ readonly profile: Profile }>("Profiler.stop");
    await server.fetch("/export/dumps"); // workerd hears its inspector only while it has something to do
    return (await answer).profile;
  } finally {
    inspector.close();
  }
}

/**
 * Where the time of a stretch of the object's went, longest first: milliseconds, and the functions that called each other. `from` is in Unix
 * milliseconds. What is not in it the object did not spend in JavaScript: a commit, another Worker in its thread, or another process on this machine.
 */
export function stacksIn(
  profile: Profile,
  { from, ms }: { readonly from: number; readonly ms: number },
): readonly string[] {
  const clocks = Date.now() * 1000 - Number(process.hrtime.bigint() / 1000n);
  const [begin, end] = [from * 1000 - clocks, (from + ms) * 1000 - clocks];
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const times = new Map<string, number>();
  let now = profile.startTime;
  for (const [at, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[at] ?? 0;
    now += delta;
    if (now < begin || now > end) continue;
    const stack: string[] = [];
    for (let node: number | undefined = id; node !== undefined; node = parents.get(node))
      stack.unshift(names.get(node) ?? "");
    const shown = stack
      .filter((name) => name !== "" && name !== "next")
      .slice(-5)
      .join(" > ");
    times.set(shown, (times.get(shown) ?? 0) + delta / 1000);
  }
  const all = [...times].toSorted(([, one], [, other]) => other - one);
  return all.map(([stack, time]) => `${time.toFixed(0)} ms ${stack}`);
}

function ownTimes(profile: Profile): readonly Own[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || "(anonymous)"]));
  const times = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "(unknown)";
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0) / 1000);
  }
  return [...times]
    .map(([name, ms]) => ({ name, stage: stageOf(name), ms }))
    .toSorted((one, other) => other.ms - one.ms);
}
