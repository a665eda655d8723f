/** Where the time of a request goes: V8's own profiler, through the inspector that wrangler opens. Calls into SQLite and zlib count as theirs. */
import type { Server } from "../scripts/lib/server.ts";

/** Milliseconds of one function's own time. */
export interface Own {
  readonly name: string;
  readonly stage: Stage;
  readonly ms: number;
}

export type Stage =
  | "SQLite"
  | "encoder"
  | "packer"
  | "checksums"
  | "other JavaScript"
  | "native: HTTP, streams, R2"
  | "idle";

/** The functions by which a stage is known; whatever has another name is other JavaScript. */
const stages: Readonly<Record<Exclude<Stage, "other JavaScript">, readonly string[]>> = {
  SQLite: ["exec", "next", "raw", "toArray"],
  encoder:
    "look findIn riskyAround mendReals followQuotes isSafeDecimal productError halfUlp finish isUtf8 decodeUtf8 includesAscii utf8 encode literal field value readCells renderFast renderCareful".split(
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
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** Runs something while the Worker is watched, and gives each function's own time, longest first. */
export async function profiled(server: Server, run: () => Promise<unknown>): Promise<readonly Own[]> {
  const inspector = await Inspector.open(server.inspectorUrl);
  try {
    await inspector.send("Profiler.enable");
    await inspector.send("Profiler.setSamplingInterval", { interval: 250 });
    await inspector.send("Profiler.start");
    await run();
    const answer = await inspector.send("Profiler.stop");
    return ownTimes(answer);
  } finally {
    inspector.close();
  }
}

function ownTimes({ profile }: { readonly profile: Profile }): readonly Own[] {
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

/** Node takes headers, which the types of the browser's WebSocket do not know: https://undici.nodejs.org/#/docs/api/WebSocket.md */
const NodeWebSocket = WebSocket as unknown as new (
  url: string,
  options: { readonly headers: Readonly<Record<string, string>> },
) => WebSocket;

/** The DevTools protocol, as much of it as a profile needs. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: { readonly profile: Profile }) => void>();
  #last = 0;

  static async open(inspectorUrl: string): Promise<Inspector> {
    const targets: readonly { readonly webSocketDebuggerUrl: string }[] = await (
      await fetch(`${inspectorUrl}/json`)
    ).json();
    const [target] = targets;
    if (target === undefined) throw new Error(`There is nothing to inspect at ${inspectorUrl}`);
    // wrangler lets nobody in without an Origin
    const socket = new NodeWebSocket(target.webSocketDebuggerUrl, { headers: { Origin: "http://localhost" } });
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error(`Cannot open ${target.webSocketDebuggerUrl}`)), {
        once: true,
      });
    });
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message: { readonly id?: number; readonly result?: { readonly profile: Profile } } = JSON.parse(
        String(data),
      );
      if (message.id === undefined || message.result === undefined) return;
      this.#waiting.get(message.id)?.(message.result);
      this.#waiting.delete(message.id);
    });
  }

  send(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<{ readonly profile: Profile }> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
