/** Restores a SQL dump of any size into a new file with node:sqlite, and checks that the dump is whole. */
import { createReadStream } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const batchCharacters = 1 << 20;

/** Runs every statement of a dump. Throws if the file does not end in its last line. */
export async function restore(
  dumpPath: string,
  databasePath: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const database = new DatabaseSync(databasePath, { defensive: false }); // virtual tables go by writable_schema
  try {
    const splitter = new Splitter();
    const input = createReadStream(dumpPath, { highWaterMark: batchCharacters });
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    let tail = "";
    let bytes = 0;
    for await (const chunk of input) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("Cannot read the dump as bytes");
      const text = decoder.decode(chunk, { stream: true });
      for (const statements of splitter.push(text)) database.exec(statements);
      tail = (tail + text).slice(-200);
      onBytes((bytes += chunk.length));
    }
    database.exec(splitter.rest());
    if (!/\n-- dump complete: \d+ tables, \d+ rows\n$/.test(tail))
      throw new Error("The dump is not whole: its last line is missing");
  } finally {
    database.close();
  }
}

/** Where something begins that may hold a semicolon, or a statement ends. */
const special = /['"`[;]|--|\/\*/g;
const closing: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/" };
const trigger = /^\s*CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b/i;

/** Cuts text into runs of whole statements; the rule for triggers is that of sqlite3_complete(). */
class Splitter {
  #text = "";
  #scanned = 0;
  #start = 0;

  /** Takes more text, and gives what is whole. */
  *push(more: string): Generator<string> {
    this.#text += more;
    let whole = 0;
    for (;;) {
      special.lastIndex = this.#scanned;
      const found = special.exec(this.#text);
      if (found === null) break;
      const close = closing[found[0]];
      if (close === undefined) {
        this.#scanned = special.lastIndex;
        if (!this.#isWhole()) continue;
        whole = this.#scanned;
        this.#start = whole;
        continue;
      }
      const end = this.#text.indexOf(close, special.lastIndex);
      // What is open, or ends where the chunk does, may go on in the next one.
      if (end === -1 || end + close.length === this.#text.length) break;
      this.#scanned = end + close.length; // a doubled quote is two strings that touch
    }
    if (whole === 0) return;
    yield this.#text.slice(0, whole);
    this.#text = this.#text.slice(whole);
    this.#scanned -= whole;
    this.#start = 0;
  }

  /** What is left at the end: comments. */
  rest(): string {
    return this.#text;
  }

  /** A trigger ends with `; END ;`, everything else with the first `;`. */
  #isWhole(): boolean {
    if (!trigger.test(this.#text.slice(this.#start, this.#start + 1000))) return true;
    return /;\s*END\s*;$/i.test(this.#text.slice(this.#start, this.#scanned).slice(-1000));
  }
}
