/** What a format makes of rows, as bytes: at once, or as it is asked for. */
import { utf8 } from "../../formats/kit/bytes.ts";
import type { Cell, TextOrBytes, Chunks } from "../../formats/format.ts";

/** Bytes that a row's values take where they are stored; of text as many as it has characters. */
export function sizeOfCells(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => sum + sizeOf(cell), 0);
}

function sizeOf(cell: Cell): number {
  if (cell === null || typeof cell === "bigint") return 8;
  if (typeof cell === "string" || cell instanceof Uint8Array) return cell.length;
  return "real" in cell ? 8 : cell.invalidUtf8.length;
}

/** What a format makes, each piece as bytes when it is asked for. */
export function* streamed(pieces: Chunks): Generator<Uint8Array> {
  for (const piece of flat(pieces)) yield typeof piece === "string" ? utf8(piece) : piece;
}

/** Rows as bytes, with neighbouring texts in one. */
export function piecesOf(rows: readonly Chunks[], separator: string): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let text = "";
  const add = (pieces: Chunks) => {
    if (typeof pieces === "string") text += pieces;
    else if (pieces instanceof Uint8Array) {
      parts.push(utf8(text), pieces);
      text = "";
    } else for (const piece of pieces) add(piece);
  };
  for (const [at, row] of rows.entries()) {
    if (at > 0) text += separator;
    add(row);
  }
  return [...parts, utf8(text)];
}

function* flat(pieces: Chunks): Generator<TextOrBytes> {
  if (typeof pieces === "string" || pieces instanceof Uint8Array) yield pieces;
  else for (const piece of pieces) yield* flat(piece);
}
