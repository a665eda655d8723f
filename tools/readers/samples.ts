/** The hostile tables, put into an object and downloaded from it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { query } from "../lib/database.ts";
import type { Server } from "../lib/server.ts";
import { cases, type Case, type Value } from "./cases.ts";
import { kindsOf } from "./kinds.ts";
import type { Sample } from "./reader.ts";

/** Bytes of JSON in one parameter, of the 2 MB that SQLite takes in an object. */
const batchBytes = 1_400_000;

/** Makes each table in the object, and downloads it in each of some ways into a folder: the files by the query that asks for them. */
export async function samplesOf(
  server: Server,
  folder: string,
  queries: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map([...queries].map((one): [string, Sample[]] => [one, []]));
  for (const [at, one] of cases.entries()) {
    await make(server, `t${at}`, one);
    for (const [way, [asked, list]] of [...samples].entries()) {
      const response = await server.fetch(`/export/dump?${asked}&table=t${at}`);
      if (!response.ok) throw new Error(await response.text());
      const path = join(folder, `t${at}-${way}.${asked.includes("jsonl") || asked === "for=pandas" ? "jsonl" : "csv"}`);
      writeFileSync(path, new Uint8Array(await response.arrayBuffer()));
      list.push({ path, one });
    }
  }
  return samples;
}

async function make(server: Server, name: string, one: Case): Promise<void> {
  const { columns, rows } = one;
  const kinds = kindsOf(one);
  const definitions = columns.map((column, at) => `${quoted(column)} ${kinds[at]}`);
  await query(server, { sql: `CREATE TABLE ${name} (${definitions.join(", ")})` });
  const values = columns.map(
    (_, at) => `CASE WHEN value->>'$[${at}].b' IS NULL THEN value->>'$[${at}]' ELSE unhex(value->>'$[${at}].b') END`,
  );
  const sql = `INSERT INTO ${name} SELECT ${values.join(", ")} FROM json_each(?)`;
  for (let batch: string[] = [], bytes = 0, at = 0; at <= rows.length; at++) {
    const row = rows[at];
    const json = row === undefined ? "" : `[${row.map(jsonOf).join(",")}]`;
    if (batch.length > 0 && (row === undefined || bytes + json.length > batchBytes)) {
      await query(server, { sql, params: [`[${batch.join(",")}]`] });
      [batch, bytes] = [[], 0];
    }
    batch.push(json);
    bytes += json.length;
  }
}

function jsonOf(value: Value): string {
  if (value instanceof Uint8Array) return JSON.stringify({ b: value.toHex() });
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : value < 0 ? "-9e999" : "9e999";
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
