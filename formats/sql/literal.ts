/** Values as SQL literals that every reader takes for exactly these values. */
import { hex, hexBytes, utf8 } from "../kit/bytes.ts";
import type { Cell, Chunks } from "../format.ts";
import { doubleQuotes, doubleQuoteBytes, withoutReturns } from "../kit/doubled-quotes.ts";
import { byteChunks, joinText, textChunks } from "../kit/large-values.ts";
import { realLiteral } from "./real.ts";

/** The same literal in pieces, as it may be large. */
export function literalPieces(cell: Cell): Chunks {
  if (cell instanceof Uint8Array) return ["X'", byteChunks(cell, hexBytes), "'"];
  if (typeof cell === "string") return textLiteralPieces(cell);
  if (cell !== null && typeof cell === "object" && "invalidUtf8" in cell)
    return ["CAST(X'", byteChunks(cell.invalidUtf8, hexBytes), "' AS TEXT)"];
  return literal(cell);
}

/** A value as a literal; REAL always with `.` or `e`. */
export function literal(cell: Cell): string {
  if (cell === null) return "NULL";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "string") return textLiteral(cell);
  if (cell instanceof Uint8Array) return `X'${hex(cell)}'`;
  // A JavaScript reader would put U+FFFD for bytes that are no UTF-8.
  return "real" in cell ? realLiteral(cell) : `CAST(X'${hex(cell.invalidUtf8)}' AS TEXT)`;
}

/**
 * TEXT. No SQL text may hold a NUL, and the sqlite3 shell strips CR in front of LF in literals too: another control character stands for
 * each CR then, one that the text does not hold. All others survive every reader as they are (`test/e2e/corpus.test.ts`).
 */
function textLiteralPieces(text: string): Chunks {
  const hasNul = text.includes("\0");
  const stand = text.includes("\r\n") && !hasNul ? unusedControlCharacter(controlsOf(text)) : undefined;
  if (hasNul || stand === null) return ["CAST(X'", textChunks(text, (piece) => hexBytes(utf8(piece))), "' AS TEXT)"];
  if (stand === undefined) return ["'", textChunks(text, (piece) => doubleQuotes(piece, "'")), "'"];
  const body = textChunks(text, (piece) => doubleQuoteBytes(withoutReturns(piece, stand), "'"));
  return [replaceStart, "'", body, "'", replaceEnd(stand)];
}

/** The same TEXT as one string. */
export function textLiteral(text: string): string {
  return joinText(textLiteralPieces(text));
}

/** What stands in front of, and behind, a literal in which another character stands for CR. */
export const replaceStart = "replace(";
export function replaceEnd(stand: number): string {
  return `,char(${stand}),char(13))`;
}

/** A control character, by its code, that a text does not hold; null if it holds all. Bit n of `held` is set where it holds character n. */
export function unusedControlCharacter(held: number): number | null {
  const free = ~(held | untouched);
  return free === 0 ? null : 31 - Math.clz32(free & -free);
}

/** NUL, TAB, LF and CR. */
const untouched = (1 << 0) | (1 << 9) | (1 << 10) | (1 << 13);

/** The control characters that a text holds, a bit each. */
function controlsOf(text: string): number {
  let held = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20) held |= 1 << code;
  }
  return held;
}
