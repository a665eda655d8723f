/** What reads a table's file, and what came of it. */
import type { Case, Value } from "./cases.ts";

/** What a reader sees in a field: nothing, or what kind of value, and its text. */
export type Seen = null | readonly ["text" | "integer" | "real" | "other", string];

/** A file as a reader sees it; no names where the reader is told them. */
export interface SeenTable {
  readonly names: readonly string[] | null;
  readonly rows: readonly (readonly Seen[])[];
}

/** A file to be read, and the table that it holds. */
export interface Sample {
  readonly path: string;
  readonly one: Case;
}

/** A program, as somebody uses it. */
export interface Reader {
  readonly name: string;
  readonly format: "csv" | "jsonl";
  /** Other options than that format's usual ones, as the query of a download: a preset. */
  readonly query?: string;
  /** The line that is run, as docs show it. */
  readonly line: string;
  /** Where it guesses, as people use it first, or follows the line that is right for all tables. */
  readonly use: "plain" | "right";
  /** What it cannot read right however it is asked, by case, with the way out. */
  readonly faults: Readonly<Record<string, string>>;
  /** False where the program is not installed. */
  isThere(): boolean | Promise<boolean>;
  /** Reads one file after the other; a file that is refused is an Error in its place. */
  read(samples: readonly Sample[]): Promise<readonly (SeenTable | Error)[]>;
}

/** What the file is asked for with. */
export function queryOf({ format, query = `format=${format}` }: Reader): string {
  return query;
}

/** The same rows; the same but for NULLs that are empty texts; refused; or other rows, and nobody was told. */
type Verdict = "right" | "NULL = ''" | "loud" | "wrong";

/** A verdict, and what is wrong. */
export interface Finding {
  readonly verdict: Verdict;
  readonly why: string;
}

/** Holds what a reader saw against what is there. */
export function findingOf(seen: SeenTable | Error, { columns, rows }: Case, format: Reader["format"]): Finding {
  if (seen instanceof Error) return { verdict: "loud", why: seen.message.trim().split("\n").at(-1) ?? "" };
  const wrong = (why: string): Finding => ({ verdict: "wrong", why });
  if (seen.rows.length !== rows.length) return wrong(`${seen.rows.length} rows of ${rows.length}`);
  let isNullEmpty = false;
  for (const [at, row] of rows.entries()) {
    const fields = seen.rows[at] ?? [];
    if (fields.length !== row.length) return wrong(`${fields.length} fields of ${row.length} in row ${at + 1}`);
    for (const [column, value] of row.entries()) {
      const field = fields[column] ?? null;
      if (isSame(field, value, format)) continue;
      if ((field?.[1] ?? "") !== "" || (textOf(value) ?? "") !== "")
        return wrong(`${shown(field?.[1] ?? null)} for ${shown(textOf(value))} in row ${at + 1}`);
      isNullEmpty = true;
    }
  }
  const { names } = seen;
  if (names !== null && rows.length > 0 && names.join("\0") !== columns.join("\0"))
    return wrong(`a column is called ${shown(names.find((name, at) => name !== columns[at]) ?? "")}`);
  return { verdict: isNullEmpty ? "NULL = ''" : "right", why: "" };
}

function isSame(field: Seen, value: Value, format: Reader["format"]): boolean {
  if (field === null || value === null) return field === value;
  const [, text] = field;
  if (value instanceof Uint8Array && format === "jsonl" && text.startsWith("{"))
    return text.replaceAll(" ", "") === JSON.stringify({ $base64: true, encoded: value.toBase64() });
  if (typeof value !== "number") return text === textOf(value);
  if (Number.isFinite(value)) return Number(text) === value;
  return Number(text) === value || (value < 0 ? /^-inf/i : /^\+?inf/i).test(text);
}

function textOf(value: Value): string | null {
  if (value === null || typeof value === "string") return value;
  return value instanceof Uint8Array ? value.toBase64() : String(value);
}

function shown(text: string | null): string {
  return text === null ? "NULL" : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** Fields of a reader to which all is text. */
export const texts = (row: readonly (string | null)[]): readonly Seen[] =>
  row.map((text) => (text === null ? null : ["text", text]));

/** What a value of JavaScript is. */
export function seenOf(value: unknown): Seen {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return ["text", value];
  if (typeof value === "bigint") return ["integer", String(value)];
  if (typeof value === "number") return [Number.isInteger(value) ? "integer" : "real", String(value)];
  return ["other", value instanceof Date ? value.toISOString() : JSON.stringify(value)];
}

/** Reads files one by one. */
export async function eachOf(
  samples: readonly Sample[],
  read: (sample: Sample) => Promise<SeenTable>,
): Promise<readonly (SeenTable | Error)[]> {
  const seen: (SeenTable | Error)[] = [];
  for (const sample of samples)
    seen.push(
      await read(sample).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    );
  return seen;
}
