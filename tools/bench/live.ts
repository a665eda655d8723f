/** What an isolate holds while it works: V8's heap and what hangs on it, garbage collected before each look. */
import type { Server } from "../lib/server.ts";
import { Inspector } from "./inspector.ts";

/** https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-getHeapUsage, bytes each. */
interface HeapUsage {
  readonly usedSize: number;
  /** Array buffers, among others. */
  readonly backingStorageSize: number;
}

/** Two answers within so many milliseconds are of one moment. */
const atOnceMs = 1;

/** Looks at an isolate over and over while something runs. */
export class LiveMemory {
  readonly #server: Server;
  readonly #inspector: Inspector;

  static async open(server: Server): Promise<LiveMemory> {
    return new LiveMemory(server, await Inspector.open(server.inspectorUrl));
  }

  private constructor(server: Server, inspector: Inspector) {
    this.#server = server;
    this.#inspector = inspector;
  }

  /** Bytes that are alive now; what a request before has left may go with the next one only. */
  async now(): Promise<number> {
    await Promise.all([this.#look(), this.#server.fetch("/export/dumps").then((it) => it.text())]);
    const [seen] = await Promise.all([this.#look(), this.#server.fetch("/export/dumps").then((it) => it.text())]);
    return seen;
  }

  /** The most bytes that were seen alive while something ran, with so many milliseconds between two looks. */
  async during(run: () => Promise<unknown>, everyMs: number): Promise<number> {
    let most = 0;
    const end = new AbortController();
    const over = run().finally(() => end.abort());
    const watching = (async () => {
      while (!end.signal.aborted) {
        most = Math.max(most, await this.#look());
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    })();
    await over;
    await Promise.all([watching, this.now()]); // a request lets the last look be answered
    return most;
  }

  /** Looks again where the isolate went on between the last collection and the look: what it has dropped since would count. */
  async #look(): Promise<number> {
    for (let tries = 0; ; tries++) {
      // twice, as array buffers are given back in the background, and at the latest by the next collection
      this.#inspector.tell("HeapProfiler.collectGarbage");
      const collected = this.#inspector.ask<unknown>("HeapProfiler.collectGarbage").then(() => performance.now());
      const { usedSize, backingStorageSize } = await this.#inspector.ask<HeapUsage>("Runtime.getHeapUsage");
      const sinceMs = performance.now() - (await collected);
      if (sinceMs < atOnceMs || tries === 20) return usedSize + backingStorageSize;
    }
  }

  close(): void {
    this.#inspector.close();
  }
}
