/** Direct downloads: a stream each, which reads when it is asked, and not too many of them at once. */
import { coalesced } from "../../formats/kit/bytes.ts";
import { ExportError } from "../errors.ts";
import type { DownloadSnapshot } from "./download-snapshot.ts";
import { limitCheckMs } from "../snapshot/undo-limit.ts";
import { madePerTurn, stepBytes } from "../file/pipeline.ts";
import type { Pipeline, Read } from "../file/pipeline.ts";

/** A download of so many parts (some 125 tables) is held still before anything is read: the tables of its first chunk would take some 50 ms. */
export const longFileParts = 500;

/** Direct downloads at once: each holds a page or two, and takes turns with the host's own requests. */
export const maxDownloads = 4;

/** A download that nobody has read from for so long, in milliseconds, no longer counts. */
const downloadIdleMs = 5 * 60_000;

/** A download that takes several turns, and that nobody has read from for so long, in milliseconds, loses its snapshot, and is cut. */
const downloadAbandonedMs = 30 * 60_000;

/** What a download reads from. */
export interface Prepared {
  readonly pipeline: Pipeline;
  /** Begins when the download takes more than one event-loop turn; null for a fuzzy download. */
  readonly snapshot: DownloadSnapshot | null;
  /** There is much to read for the first chunk, so the snapshot begins before that. */
  readonly isLong: boolean;
}

interface Open {
  /** It may not go on. */
  isOver: boolean;
  /** Gives up its place and what is kept for it. */
  readonly leave: () => void;
  lastMs: number;
  /** Present once the download has taken more than one event-loop turn. */
  snapshot: DownloadSnapshot | null;
}

/** The downloads that one object has under way. */
export class Downloads {
  readonly #most: number;
  readonly #open = new Set<Open>();
  /** Those with a snapshot, whether they still have their place or not. */
  readonly #withSnapshot = new Set<Open>();

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

  /** Takes away what is kept for downloads that nobody has read from for long. */
  cleanUp(now: number): void {
    for (const one of this.#withSnapshot) {
      if (now - one.lastMs <= downloadAbandonedMs) continue;
      one.snapshot?.end();
      this.#withSnapshot.delete(one);
    }
  }

  /** Cuts them all. */
  endAll(): void {
    for (const one of [...this.#open, ...this.#withSnapshot]) {
      one.isOver = true;
      one.leave();
    }
  }

  /** When there may be something to reap, Unix milliseconds; null if there will not. */
  nextCleanUpMs(): number | null {
    const times = [...this.#withSnapshot].map(({ lastMs }) => lastMs + downloadAbandonedMs + 1);
    return times.length === 0 ? null : Math.min(...times);
  }

  /**
   * The file as a stream: nothing is prepared or read before it is asked for, or after it is cancelled. What does not fit into one turn is
   * held `still`, if that is given; `changed` is called when that begins and when it ends.
   */
  stream(prepare: () => Prepared | Promise<Prepared>, changed: () => void): ReadableStream<Uint8Array> {
    const own: Open = { isOver: false, lastMs: Date.now(), snapshot: null, leave: () => leave() };
    this.#open.add(own);
    let timer: ReturnType<typeof setInterval> | undefined;
    let watchLimit = () => {};
    const leave = () => {
      clearInterval(timer);
      this.#open.delete(own);
      if (!this.#withSnapshot.delete(own)) return;
      own.snapshot?.end();
      changed();
    };
    let chunks: AsyncGenerator<Chunk, undefined, undefined> | null = null;
    /** True if the bytes of what was read may be handed on. */
    const hold = async (read: Read, snapshot: DownloadSnapshot | null): Promise<boolean> => {
      if (own.snapshot === null && snapshot !== null && !read.isDone) {
        own.snapshot = snapshot;
        this.#withSnapshot.add(own);
        const isSame = await snapshot.begin(read); // should it throw, what it has begun is ended
        if (!this.#withSnapshot.has(own)) snapshot.end(); // the download was cancelled meanwhile
        watchLimit();
        changed();
        return isSame;
      }
      if (read.isDone) own.snapshot?.check();
      else own.snapshot?.advance(read);
      return true;
    };
    const next = async () => {
      if (own.isOver)
        throw new ExportError("snapshot_too_old", "Cannot go on with the download: all exports were deleted");
      if (own.snapshot !== null && !this.#withSnapshot.has(own))
        throw new ExportError(
          "snapshot_too_old",
          "Cannot go on with the download: nobody has read from it for too long",
        );
      if (chunks === null) {
        const { pipeline, snapshot, isLong } = await prepare();
        if (isLong) await hold(pipeline.start(), snapshot);
        chunks = chunksOf(pipeline, (read) => hold(read, snapshot));
      }
      return chunks.next();
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          // A client may dawdle for half an hour, and what is changed meanwhile is kept.
          const look = () => {
            try {
              if (this.#withSnapshot.has(own)) own.snapshot?.checkLimit();
            } catch (error) {
              leave();
              controller.error(error);
            }
          };
          watchLimit = () => {
            timer ??= setInterval(look, limitCheckMs);
          };
        },
        async pull(controller) {
          own.lastMs = Date.now();
          try {
            const { value } = await next();
            if (value !== undefined) controller.enqueue(value.bytes);
            if (value?.isLast !== false) {
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

interface Chunk {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** The file, a step or a part of one at a time; `hold` is told what was read, in the turn in which it was, and says whether that counts. */
async function* chunksOf(
  pipeline: Pipeline,
  hold: (read: Read) => Promise<boolean>,
): AsyncGenerator<Chunk, undefined, undefined> {
  for (let position = pipeline.start(); !position.isDone;) {
    const step = pipeline.step(position);
    const isMuch =
      step.read.segment - position.segment >= madePerTurn / 2 ||
      (step.read.isDone && step.read.segment > longFileParts);
    if (!(await hold(step.read))) continue; // from the beginning, as it is now: only the first turn's, of which nobody has seen anything
    // a small chunk in front of or behind a large one waits for the network (Nagle)
    const chunks = coalesced(step.bytes, stepBytes);
    for (let { value: bytes } = chunks.next(); bytes !== undefined;) {
      const { value: following } = chunks.next();
      yield { bytes, isLast: step.read.isDone && following === undefined };
      bytes = following;
      if (isMuch) await scheduler.wait(0); // lets the host's requests in
    }
    ({ position } = step);
  }
}
