/** `POST /query`: SQL in, rows out. BLOBs travel as `{"$base64":true,"encoded":"…"}`, as in JSON Lines. */
import { MiB } from "../base/units.ts";
import { sqlError, wholly } from "./atomic-statements.ts";

type JsonValue = null | string | number | { readonly $base64: true; readonly encoded: string };

/** Rows as objects, and what the platform would bill; or what was wrong. */
export type QueryAnswer =
  | {
      readonly result: readonly Readonly<Record<string, JsonValue>>[];
      readonly meta: { readonly rowsRead: number; readonly rowsWritten: number };
    }
  | { readonly problem: { readonly status: number; readonly code: string; readonly detail: string } };

const shape =
  '{ "sql": "SELECT …", "params": [ null, number, string, boolean or { "$base64": true, "encoded": "…" } ] }';

/** Runs a request's body over a database: all of it, or nothing. */
export function runQuery(storage: DurableObjectStorage, body: string): QueryAnswer {
  const query = parse(fromText(body));
  if (typeof query === "string") {
    return { problem: { status: 400, code: "invalid_query", detail: `${query}; expected ${shape}` } };
  }
  return wholly(storage, query.sql, () => answerOf(storage.sql, query));
}

function answerOf(sql: SqlStorage, query: Query): QueryAnswer {
  try {
    const cursor = sql.exec<Record<string, SqlStorageValue>>(query.sql, ...query.params);
    const result: Record<string, JsonValue>[] = [];
    let size = 0;
    for (const row of cursor) {
      const entries = Object.entries(row).map(([name, value]): [string, JsonValue] => [name, toJson(value)]);
      for (const [name, value] of entries) size += name.length + sizeOf(value);
      if (size > maxAnswer) return { problem: tooLarge };
      result.push(Object.fromEntries(entries));
    }
    return { result, meta: { rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten } };
  } catch (error) {
    return sqlError(error instanceof Error ? error.message : String(error));
  }
}

/** Characters of an answer at most, about: no more than 32 MiB can come from the object, and a character may take two bytes. */
const maxAnswer = 12 * MiB;
const tooLarge = {
  status: 413,
  code: "too_large",
  detail: `The answer has more than ${maxAnswer} characters: ask for fewer rows with LIMIT, or export the table; nothing was written`,
};

function sizeOf(value: JsonValue): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? value.encoded.length : 16;
}

function fromText(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null; // no JSON: told to the caller like any other wrong body
  }
}

interface Query {
  readonly sql: string;
  readonly params: readonly (null | string | number | Uint8Array)[];
}

function parse(body: unknown): Query | string {
  if (typeof body !== "object" || body === null) return "The body is no JSON object";
  const sql = "sql" in body ? body.sql : undefined;
  if (typeof sql !== "string" || sql.trim() === "")
    return `"sql" is ${sql === undefined ? "missing" : "not a statement"}`;
  const unknown = Object.keys(body).find((name) => name !== "sql" && name !== "params");
  if (unknown !== undefined) return `There is no member "${unknown}"`;
  const list: unknown = "params" in body ? body.params : [];
  if (!Array.isArray(list)) return '"params" is not an array';
  const params: (null | string | number | Uint8Array)[] = [];
  for (const [at, value] of list.entries()) {
    const param = fromJson(value);
    if (param === undefined) return `Parameter ${at + 1} is of no kind that SQLite stores`;
    params.push(param);
  }
  return { sql, params };
}

function fromJson(value: unknown): null | string | number | Uint8Array | undefined {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "object" || !("$base64" in value) || !("encoded" in value)) return undefined;
  if (value.$base64 !== true || typeof value.encoded !== "string") return undefined;
  try {
    return Uint8Array.fromBase64(value.encoded);
  } catch {
    return undefined; // no base64: told to the caller like any other wrong kind
  }
}

function toJson(value: SqlStorageValue): JsonValue {
  return value instanceof ArrayBuffer ? { $base64: true, encoded: new Uint8Array(value).toBase64() } : value;
}
