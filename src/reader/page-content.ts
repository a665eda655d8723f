/** What stands in the file for the rows of a page: bytes, or what makes them once the format's state is known. */
import type { CellEncoder, ColumnEncoder, Encoded, FormatState, PagePlace, RowEncoder } from "../../formats/format.ts";
import { utf8 } from "../../formats/kit/bytes.ts";
import { ExportError } from "../errors.ts";
import { unreadable } from "../schema/read-errors.ts";
import type { Cursor } from "./cursor.ts";
import type { Rendered, Rendering } from "./render.ts";
import type { Page } from "./rendered-page.ts";

/** `bytes` and `encode` of a page behind a cursor. */
export function contentOf(
  table: { readonly name: string },
  rendering: Rendering,
  { rows: rowsBefore }: Cursor,
  rendered: Rendered,
): Pick<Page, "bytes" | "encode"> {
  const { rows } = rendered;
  if (rows === 0) return { bytes: [] };
  const encode = pageFunction(rendering, rendered);
  if (encode === null) return { bytes: bytesOf(rendering.rows, rendered) };
  return {
    bytes: [],
    encode(state, offset) {
      try {
        return encode(state, { offset, rows, rowsBefore });
      } catch (cause) {
        throw cause instanceof ExportError ? cause : unreadable(table, cause, ` behind row ${rowsBefore}`);
      }
    },
  };
}

/** The format's function of its state, given the rows as it takes them; null where rendered bytes are written as they are. */
function pageFunction(
  { rows: encoder, pages }: Rendering,
  rendered: Rendered,
): ((state: FormatState, place: PagePlace) => Encoded) | null {
  const { cells = [] } = rendered;
  if (pages !== null) return (state, place) => encodeValues(pages, state, place, cells);
  if (encoder.page === undefined) return null;
  return (state, place) => {
    const page = { ...place, bytes: bytesOf(encoder, rendered) };
    return encoder.page?.(state, page) ?? { bytes: page.bytes, state };
  };
}

function encodeValues(
  encoder: CellEncoder | ColumnEncoder,
  state: FormatState,
  place: PagePlace,
  cells: NonNullable<Rendered["cells"]>,
): Encoded {
  if (encoder.rowsAs === "cells") return encoder.page(state, { ...place, cells });
  const columns = (cells[0] ?? []).map((_, column) => cells.map((row) => row[column] ?? null));
  return encoder.page(state, { ...place, columns });
}

function bytesOf(encoder: RowEncoder, { bytes, isWhole }: Rendered): Iterable<Uint8Array> {
  return isWhole ? bytes : around(encoder, bytes);
}

function* around({ open, close }: RowEncoder, bytes: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield utf8(open);
  yield* bytes;
  yield utf8(close);
}
