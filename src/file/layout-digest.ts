/** A digest of a layout: two slices of a job must go by the same one, or the position of the first means nothing to the second. */
import { utf8 } from "../../formats/kit/bytes.ts";
import type { RowTotals, TableEncoder, TextOrBytes } from "../../formats/format.ts";
import type { Layout, FileSegment } from "./layout.ts";
import { KiB } from "../base/units.ts";
import { countedTables } from "./pipeline.ts";

/** Characters of a layout's text that are made and digested between two yields: some milliseconds. */
const layoutDigestLength = 128 * KiB;

/** SHA-256, in hex, of all that a layout says: the kinds and names of its parts, their text, and how rows are rendered. */
export async function layoutDigest(layout: Layout): Promise<string> {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  let text = "";
  for (const line of linesOf(layout)) {
    text += `${line}\n`;
    if (text.length < layoutDigestLength) continue;
    await writer.write(utf8(text));
    await scheduler.wait(0); // lets the host's requests in
    text = "";
  }
  await writer.write(utf8(text));
  await writer.close();
  return new Uint8Array(await stream.digest).toHex();
}

function* linesOf({ segments, state, packing, mediaType, versions, warnings }: Layout): Iterable<string> {
  yield JSON.stringify([packing, mediaType, versions, state]);
  for (const warning of warnings) yield JSON.stringify(warning);
  const none: RowTotals = {
    rows: 0,
    allRows: 0,
    tables: countedTables(segments).map(({ name }) => ({ name, rows: 0 })),
    warnings: [],
  };
  for (const part of segments) yield JSON.stringify(saidBy(part, none));
}

/** What is fixed of a part before a row is read; a text that counts rows is the one that it would be for none. */
function saidBy(part: FileSegment, none: RowTotals): readonly unknown[] {
  switch (part.kind) {
    case "entry":
      return ["entry", part.name, part.state];
    case "text":
      return ["text", digestible(typeof part.text === "function" ? part.text(none) : part.text)];
    case "computed":
      return ["computed"]; // what it gives is known from the state only: `Format.version` changes with it
    case "rows": {
      const { table, columns, rows, sparse } = part;
      const list = [columns, sparse?.columns ?? []].map((some) => some.map(({ name }) => name));
      return ["rows", table.name, table.where, list, rendering(rows()), sparse && rendering(sparse.rows())];
    }
  }
}

function digestible(text: TextOrBytes): string {
  return typeof text === "string" ? text : text.toHex();
}

function rendering(encoder: TableEncoder): readonly unknown[] {
  if ("rowsAs" in encoder) return [encoder.rowsAs, encoder.lossy?.what];
  const { open, separator, close, fastPath, limit, lossy } = encoder;
  const quick = fastPath && [fastPath.row, fastPath.fallbackWhen, fastPath.separator, fastPath.values];
  return [open, separator, close, quick, limit?.bytes, lossy?.what, "page" in encoder];
}
