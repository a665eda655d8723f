/** The key of a page's last row, from the page's own query: where the next page begins. */
import { utf8 } from "../../formats/kit/bytes.ts";
import { quoteText } from "../../formats/kit/expression.ts";
import type { FastPath } from "../../formats/format.ts";
import { jsonSeparator, jsonValue } from "../../formats/kit/json-rows.ts";
import { decodeUtf8 } from "../../formats/kit/utf8.ts";
import type { Key, KeyCell } from "../schema/key.ts";

/** In front of a key that stands for its row. No JSON that SQLite makes holds one. */
export const mark = 2;

/** The key of each row, a line each. */
const allKeys = `NULL,CAST(group_concat(c0,${quoteText(jsonSeparator)}) AS BLOB)`;

/** What is to be read of each row as `c0`, and what of all of them: the smallest rowid, and where the last key is found. */
export function keyTerms(key: Key, fast: FastPath): KeyTerms {
  switch (key.kind) {
    case "rowid":
      return { ...unmarked, row: key.sql, page: "CAST(min(c0) AS TEXT),CAST(max(c0) AS TEXT)", one: "json_array(c0)" };
    case "repeated":
      return { ...unmarked, row: `json_array(${key.sql})`, page: allKeys };
    case "none":
      return unmarked;
    case "columns":
      if (placesOf(key, fast) === null)
        return { ...unmarked, row: keyExpression(key.columns.map(({ sql }) => sql)), page: allKeys, one: "c0" };
      if (key.columns.length > maxMarked) return unmarked;
      return {
        ...unmarked,
        more: key.columns.map(({ sql }) => sql),
        one: keyExpression(key.columns.map((_, at) => `c${at + 2}`)),
      };
  }
}

/** What is read for keys. */
interface KeyTerms {
  /** Of each row, as `c0`. */
  readonly row: string;
  /** Of each row besides, behind the row itself, as `c2`, `c3`, … */
  readonly more: readonly string[];
  /** Of all rows. */
  readonly page: string;
  /** One row's key as a JSON array, over these columns; null where there is none. */
  readonly one: string | null;
}

const unmarked: KeyTerms = { row: "NULL", more: [], page: "NULL,NULL", one: null };

/** Columns of a key at most that are read of each row once more: a result has 100 columns, with a snapshot those of the key twice. */
const maxMarked = 40;

/** The key of a row that only its key stands for; null if that is no UTF-8. */
export function markedKey(line: Uint8Array): readonly KeyCell[] | null {
  return valuesOf(line)?.map(cellOf) ?? null;
}

/** The last key: the page's second term itself, or on the last line of it, or among the values of the last row; null if that is no UTF-8. */
export function lastKey(key: Key, fast: FastPath, term: SqlStorageValue, rows: Uint8Array): readonly KeyCell[] | null {
  if (key.kind === "none") return [];
  const start = rows.lastIndexOf(jsonSeparator.charCodeAt(0)) + 1;
  if (fast.values !== undefined && rows[start] === mark && !(term instanceof ArrayBuffer))
    return markedKey(rows.subarray(start + 1));
  if (typeof term === "string") return [["i", term]];
  if (term instanceof ArrayBuffer) return valuesOf(new Uint8Array(term))?.map(cellOf) ?? null;
  const values = valuesOf(rows);
  return values === null ? null : (placesOf(key, fast) ?? []).map((place) => cellOf(values[place] ?? ""));
}

/** How many of the last rows have the same key, where it may repeat; `term` is what `keyTerms` asked for. */
export function lastRepeats(key: Key, term: SqlStorageValue): number {
  if (key.kind !== "repeated" || !(term instanceof ArrayBuffer)) return 0;
  return runLength(new TextDecoder().decode(term).split(jsonSeparator));
}

/** How many of the last entries are the same. */
export function runLength(list: readonly string[]): number {
  return list.length - 1 - list.findLastIndex((one) => one !== list.at(-1));
}

/** The key of the last of some lines, if its row holds it; null if it does not. */
export function keyOfLast(key: Key, fast: FastPath, lines: Uint8Array): readonly KeyCell[] | null {
  const places = key.kind === "rowid" ? [fast.values?.indexOf(key.sql) ?? -1] : (placesOf(key, fast) ?? [-1]);
  const values = places.includes(-1) ? null : valuesOf(lines);
  return values === null ? null : places.map((place) => cellOf(values[place] ?? ""));
}

/** Which values of a row are its key; null if one of them is not there as it is stored. */
function placesOf(key: Key, { values }: FastPath): readonly number[] | null {
  if (key.kind !== "columns" || values === undefined) return null;
  const places = key.columns.map((column) => values.indexOf(column.sql));
  return places.includes(-1) ? null : places;
}

/** The key of a row as a JSON array. */
function keyExpression(columns: readonly string[]): string {
  return `json_array(${columns.map((column) => jsonValue(column)).join(",")})`;
}

/** The values on the last line. */
function valuesOf(lines: Uint8Array): readonly string[] | null {
  const json = decodeUtf8(lines.subarray(lines.lastIndexOf(jsonSeparator.charCodeAt(0)) + 1));
  return json === undefined ? null : jsonValues(json);
}

/** Not by `JSON.parse` alone, which rounds INTEGERs. */
function cellOf(json: string): KeyCell {
  if (json.startsWith('"')) return ["t", utf8(String(JSON.parse(json))).toHex()];
  if (json.startsWith("[")) return ["b", json.slice(2, -2)];
  return [/[.e]/.test(json) ? "r" : "i", json];
}

/** The values of a JSON array or object that holds none but texts, numbers and arrays of one text, as they are written. */
function jsonValues(json: string): readonly string[] {
  const values: string[] = [];
  for (let at = 1; at < json.length;) {
    const start = json.startsWith("{") ? valueEnd(json, at) + 1 : at; // behind a name and its colon
    at = valueEnd(json, start);
    values.push(json.slice(start, at++));
  }
  return values;
}

function valueEnd(json: string, from: number): number {
  let at = from;
  switch (json[from]) {
    case '"':
      for (at++; at < json.length && json[at] !== '"'; at++) if (json[at] === "\\") at++;
      return at + 1;
    case "[":
      return valueEnd(json, from + 1) + 1;
    default:
      while (at < json.length && !",]}".includes(json[at] ?? "")) at++;
      return at;
  }
}
