/** Bytes of any length in, parts of exactly one size out, the remainder kept. */

/** Collects bytes in one buffer of a part's size at a time: each is copied into its place once. */
export class PartBuffer {
  readonly #partBytes: number;
  #part = new Uint8Array();
  #length = 0;
  #isFirst = true;

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** True while a whole part is held; it must be taken before there is room for more. */
  get isFull(): boolean {
    return this.#length === this.#partBytes;
  }

  /** Takes as many of the bytes as there is room for; gives how many. */
  push(bytes: Uint8Array): number {
    const fitting = bytes.subarray(0, this.#partBytes - this.#length);
    const needed = this.#length + fitting.length;
    if (needed > this.#part.length) {
      const most = this.#isFirst ? Math.max(needed, this.#part.length * growth) : this.#partBytes;
      const larger = new Uint8Array(Math.min(this.#partBytes, most));
      larger.set(this.#part.subarray(0, this.#length));
      this.#part = larger;
    }
    this.#part.set(fitting, this.#length);
    this.#length = needed;
    return fitting.length;
  }

  /** Takes one part: exactly the part size, or, at the end of a file, all that is left. */
  take(): Uint8Array {
    const part = this.remainder();
    this.#part = new Uint8Array();
    this.#length = 0;
    this.#isFirst = false;
    return part;
  }

  /** What is held, for the checkpoint. Later bytes go behind it, or into another buffer, so it stays as it is. */
  remainder(): Uint8Array {
    return this.#part.subarray(0, this.#length);
  }
}

/** A small file needs no whole part; a large one reaches it in a few steps. */
const growth = 8;
