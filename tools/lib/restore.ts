/** Restores a SQL dump of any size into a new file with node:sqlite, and checks that the dump is whole. */
import { createReadStream } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Splitter } from "./statements.ts";

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
      database.exec([...splitter.push(text)].join(""));
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
