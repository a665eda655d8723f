/** The bytes of a file as its format writes them, before they are packed, with the state that the format carries through it. */
import type { Encoded, FormatState } from "../../formats/format.ts";
import { ExportError } from "../errors.ts";
import { MiB } from "../base/units.ts";
import { streamed } from "../reader/pieces.ts";

/** How far a format has come in a file, or in an archive's entry; plain data, kept in the checkpoint of a job. */
export interface FileState {
  /** Bytes written so far, before they are packed. */
  readonly offset: number;
  readonly state: FormatState;
}

/** What comes next in a file: bytes, or a function that makes them and the next state from what is in front of them. */
export type Content = Iterable<Uint8Array> | ((state: FormatState, offset: number) => Encoded);

/** Characters of a state as JSON at most: each checkpoint writes it, and each slice of a job reads it. */
const maxStateLength = 1 * MiB;

/** Writes one content after the other, each when its bytes are asked for. */
export class FormatBytes {
  #file: FileState;
  #measured: FormatState;

  constructor(file: FileState) {
    this.#file = file;
    this.#measured = file.state;
  }

  /** Begins an archive's entry. */
  begin(state: FormatState): void {
    this.#file = { offset: 0, state };
  }

  *write(contents: readonly Content[]): Generator<Uint8Array> {
    for (const content of contents) {
      let bytes: Iterable<Uint8Array>;
      if (typeof content === "function") {
        const encoded = content(this.#file.state, this.#file.offset);
        this.#file = { ...this.#file, state: encoded.state };
        bytes = streamed(encoded.bytes);
      } else bytes = content;
      for (const piece of bytes) {
        this.#file = { ...this.#file, offset: this.#file.offset + piece.length };
        yield piece;
      }
    }
  }

  /** What is behind all that was written. Throws `data_unreadable` where the state is more than a checkpoint can hold. */
  get file(): FileState {
    const { state } = this.#file;
    if (state !== this.#measured) {
      const { length } = JSON.stringify(state);
      if (length > maxStateLength)
        throw new ExportError(
          "data_unreadable",
          `Cannot go on with the file: the state of its format has ${length} characters as JSON, of ${maxStateLength} that a checkpoint holds`,
        );
      this.#measured = state;
    }
    return this.#file;
  }
}
