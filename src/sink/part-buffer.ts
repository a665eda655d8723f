/** Bytes of any length in, parts of exactly one size out, the remainder kept. */

/** Collects bytes in one buffer of a part's size at a time. */
export class PartBuffer {
  readonly #partBytes: number;
  #pending: Uint8Array[] = [];
  #length = 0;

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#length += bytes.length;
  }

  /** True while a whole part is held. */
  get isFull(): boolean {
    return this.#length >= this.#partBytes;
  }

  /** Takes one part: exactly the part size, or, at the end of a file, all that is left. */
  take(): Uint8Array {
    const part = new Uint8Array(Math.min(this.#partBytes, this.#length));
    let at = 0;
    while (at < part.length) {
      const next = this.#pending.shift();
      if (next === undefined) break;
      const fitting = next.subarray(0, part.length - at);
      part.set(fitting, at);
      at += fitting.length;
      if (fitting.length < next.length) this.#pending.unshift(next.subarray(fitting.length));
    }
    this.#length -= part.length;
    return part;
  }

  /** A copy of what is held, for the checkpoint. */
  remainder(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const bytes of this.#pending) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }
}
