/** Direct downloads: a stream each, which reads when it is asked, and not too many of them at once. */
import { concatBytes } from "../formats/bytes.ts";
import { ExportError } from "./errors.ts";
import { downloadIdleMs } from "./limits.ts";
import type { Pipeline } from "./pipeline.ts";

/** The downloads that one object has under way. */
export class Downloads {
  readonly #most: number;
  readonly #open = new Set<{ lastMs: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws `too_many_downloads` while as many as may be are under way. */
  admit(now: number): void {
    // A stream that waits is never told that its reader has gone (workerd pull request 7298): silence frees its place.
    for (const one of this.#open) if (now - one.lastMs > downloadIdleMs) this.#open.delete(one);
    if (this.#open.size < this.#most) return;
    throw new ExportError(
      "too_many_downloads",
      `Cannot begin a download: ${this.#open.size} are under way, the limit is ${this.#most}; try again later, or start a job with POST`,
      { details: { limit: this.#most } },
    );
  }

  /** The file as a stream: nothing is read before it is asked for, or after it is cancelled. */
  stream(pipeline: Pipeline): ReadableStream<Uint8Array> {
    const own = { lastMs: Date.now() };
    this.#open.add(own);
    const leave = () => this.#open.delete(own);
    let position = pipeline.start();
    /** The next bytes; empty at the end. */
    const next = () => {
      while (!position.isDone) {
        const step = pipeline.step(position);
        position = step.position;
        const bytes = concatBytes(step.bytes);
        if (bytes.length > 0) return bytes;
      }
      return new Uint8Array();
    };
    return new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          own.lastMs = Date.now();
          try {
            const bytes = next();
            if (bytes.length > 0) controller.enqueue(bytes);
            if (position.isDone) {
              leave();
              controller.close();
            }
          } catch (error) {
            leave();
            throw error; // errors the stream, and the connection is cut: nothing ends as if it were whole
          }
        },
        cancel() {
          leave();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
