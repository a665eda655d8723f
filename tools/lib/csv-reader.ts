/** A small reader of CSV (RFC 4180) that can tell an empty field from an empty string, which most readers cannot. */
import type { Readable } from "node:stream";

/** A field; null if it was empty and not quoted, or what stands for NULL. */
export type CsvField = string | null;

/** The records of a file, read as a stream; `nulls` is what stands for NULL when it is not quoted. */
export async function* csvRecords(input: Readable, nulls = ""): AsyncGenerator<readonly CsvField[]> {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let [text, record]: [string, CsvField[]] = ["", []];
  for await (const chunk of input) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("Cannot read CSV as bytes");
    text += decoder.decode(chunk, { stream: true });
    let at = 0;
    for (;;) {
      const field = fieldAt(text, at, nulls);
      if (field === null) break; // it goes on in the next chunk
      record.push(field.value);
      at = field.next;
      if (text[at - 1] !== "\n") continue;
      yield record;
      record = [];
    }
    text = text.slice(at);
  }
  if (text !== "" || record.length > 0) throw new Error("The CSV file does not end with a line break");
}

/** One field with the comma or line break behind it; null if it is not all there. */
function fieldAt(text: string, at: number, nulls: string): { value: CsvField; next: number } | null {
  if (text[at] !== '"') {
    const end = /[,\n]/g;
    end.lastIndex = at;
    const found = end.exec(text);
    if (found === null) return null;
    const value = text.slice(at, found.index);
    return { value: value === nulls ? null : value, next: found.index + 1 };
  }
  let close = at + 1;
  for (;;) {
    close = text.indexOf('"', close);
    if (close === -1 || close + 1 >= text.length) return null;
    if (text[close + 1] !== '"') break;
    close += 2;
  }
  return { value: text.slice(at + 1, close).replaceAll('""', '"'), next: close + 2 };
}
