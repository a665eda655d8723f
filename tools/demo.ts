/** `npm run demo [-- FILE.sqlite]`: fills an object, dumps it both ways, and proves that nothing was lost. */
import { createWriteStream, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { compareCsv, compareDatabases, type Compared } from "./lib/compare.ts";
import { query } from "./lib/database.ts";
import { loadFile } from "./lib/load.ts";
import { progress, sizeOf } from "./lib/progress.ts";
import { restore } from "./lib/restore.ts";
import { fileReader, objectReader, tablesOf, type TableShape } from "./lib/rows.ts";
import { sample } from "./lib/sample.ts";
import { startServer, type Server } from "./lib/server.ts";
import { zipEntries } from "./lib/unzip.ts";

const output = resolve("demo-output");

/** One line of the table at the end. */
interface Step {
  readonly what: string;
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
}

const steps: Step[] = [];

async function timed<T>(what: string, run: () => Promise<{ rows: number; bytes: number; value: T }>): Promise<T> {
  const started = performance.now();
  const { rows, bytes, value } = await run();
  steps.push({ what, rows, bytes, seconds: (performance.now() - started) / 1000 });
  return value;
}

async function main(path: string | undefined): Promise<boolean> {
  if (path !== undefined && !existsSync(path)) throw new Error(`Cannot find ${path}: there is no such file`);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  console.log("Starting the Worker with fresh local state");
  const server = await startServer();
  stopOnSignal(server);
  try {
    const skipped = await timed("fill the database", () => fill(server, path));
    const object = objectReader(server);
    const tables = await tablesOf(object);
    const dump = join(output, "dump.sql");
    const restored = join(output, "restored.sqlite");
    const archive = join(output, "dump.zip");
    await timed("GET /export/dump", async () => ({
      ...(await save(server, "/export/dump", dump, "Downloading SQL")),
      value: null,
    }));
    await timed("restore with node:sqlite", async () => {
      const bar = progress("Restoring it");
      const { size } = statSync(dump);
      await restore(dump, restored, (bytes) => bar.update(bytes / size, sizeOf(bytes)));
      bar.done(relative(process.cwd(), restored));
      return { rows: 0, bytes: size, value: null };
    });
    const dumpId = await timed("POST /export/dump?format=csv&gzip=1", () => runJob(server));
    await timed("download from R2", async () => ({
      ...(await save(server, `/export/dump/${dumpId}/download`, archive, "Downloading the archive")),
      value: null,
    }));
    const isEqual = await compareAll(server, tables, restored, archive);
    report(skipped);
    return isEqual;
  } finally {
    await server.stop();
  }
}

async function fill(server: Server, path: string | undefined) {
  const bar = progress(path === undefined ? "Filling it with a small shop" : `Loading ${path}`);
  let skipped: readonly string[] = [];
  if (path === undefined) {
    const statements = [...sample()];
    for (const [at, statement] of statements.entries()) {
      await query(server, statement);
      bar.update(at / statements.length, "");
    }
  } else {
    ({ skipped } = await loadFile(server, path, (share, rows) => bar.update(share, `${rows} rows`)));
  }
  let rows = 0;
  for (const table of await tablesOf(objectReader(server))) {
    const [count] = await query(server, { sql: `SELECT count(*) AS n FROM "${table.name.replaceAll('"', '""')}"` });
    rows += Number(count?.["n"]);
  }
  bar.done(`${rows.toLocaleString("en")} rows`);
  return { rows, bytes: path === undefined ? 0 : statSync(path).size, value: skipped };
}

/** Saves an answer as a file. A connection that is cut is an error here. */
async function save(server: Server, path: string, file: string, title: string) {
  const response = await server.fetch(path);
  if (!response.ok || response.body === null)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  const bar = progress(title);
  const length = Number(response.headers.get("Content-Length") ?? 0);
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      bytes += chunk.length;
      bar.update(length === 0 ? 0 : bytes / length, sizeOf(bytes));
      yield chunk;
    }
  };
  // The types of Workers and of Node name the same stream twice.
  const body: unknown = response.body;
  if (!isNodeStream(body)) throw new TypeError(`${path} answered without a stream`);
  await pipeline(Readable.fromWeb(body), counted, createWriteStream(file));
  bar.done(`${relative(process.cwd(), file)}, ${sizeOf(bytes)}`);
  return { rows: 0, bytes };
}

function isNodeStream(body: unknown): body is ReadableStream {
  return typeof body === "object" && body !== null && "getReader" in body;
}

async function runJob(server: Server) {
  const started: unknown = await (await server.fetch("/export/dump?format=csv&gzip=1", { method: "POST" })).json();
  const dumpId = text(started, "dumpId");
  const bar = progress("Exporting to R2");
  for (;;) {
    const job: unknown = await (await server.fetch(`/export/dump/${dumpId}`)).json();
    const state = text(job, "status");
    const done = member(job, "progress");
    const [percent, bytes, rows] = ["percent", "bytes", "rows"].map((name) => Number(member(done, name)));
    bar.update((percent ?? 0) / 100, `${sizeOf(bytes ?? 0)}, ${rows} rows`);
    if (state === "complete") {
      bar.done(`${rows} rows, ${sizeOf(bytes ?? 0)} in R2`);
      return { rows: rows ?? 0, bytes: bytes ?? 0, value: dumpId };
    }
    if (state !== "running" && state !== "queued")
      throw new Error(`The job is ${state}: ${JSON.stringify(member(job, "error"))}`);
    await new Promise((done_) => setTimeout(done_, 150));
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  if (typeof found === "string") return found;
  throw new Error(`The Worker answered without ${name}: ${JSON.stringify(value)}`);
}

async function compareAll(
  server: Server,
  tables: readonly TableShape[],
  restored: string,
  archive: string,
): Promise<boolean> {
  const object = objectReader(server);
  const database = new DatabaseSync(restored, { readOnly: true });
  const entries = await zipEntries(archive);
  const files = entries.filter((entry) => entry.name.endsWith(".csv"));
  if (files.length !== tables.length)
    throw new Error(`The archive holds ${files.length} tables, expected ${tables.length}`);
  console.log("\nComparing every table with what is in the object, cell by cell");
  let isEqual = true;
  const lines: string[][] = [["table", "rows", "SHA-256", "SQL", "CSV"]];
  for (const [at, table] of tables.entries()) {
    const file = files[at];
    if (file === undefined) continue;
    const sql = await compareDatabases(table, object, fileReader(database));
    const csv = await compareCsv(table, object, file.stream());
    for (const [kind, found] of [
      ["SQL", sql],
      ["CSV", csv],
    ] as const) {
      if (found.difference === null) continue;
      isEqual = false;
      console.error(`DIFFERENT: table "${table.name}" by ${kind}: ${found.difference}`);
    }
    lines.push([table.name, String(sql.rows), sql.hash, verdict(sql), verdict(csv)]);
  }
  database.close();
  printTable(lines);
  console.log(isEqual ? `\n${tables.length} tables, all equal` : `\n${tables.length} tables, NOT all equal`);
  return isEqual;
}

const verdict = (found: Compared) => (found.difference === null ? "equal" : "DIFFERENT");

function printTable(lines: readonly (readonly string[])[]): void {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  for (const line of lines) {
    console.log(
      `  ${line.map((cell, at) => (/^[\d.,]/.test(cell) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join("  ")}`,
    );
  }
}

function report(skipped: readonly string[]): void {
  console.log("");
  printTable([
    ["step", "rows", "bytes", "seconds", "MB/s"],
    ...steps.map(({ what, rows, bytes, seconds }) => [
      what,
      rows === 0 ? "" : rows.toLocaleString("en"),
      bytes === 0 ? "" : sizeOf(bytes),
      seconds.toFixed(2),
      bytes === 0 ? "" : (bytes / 1e6 / seconds).toFixed(0),
    ]),
  ]);
  for (const name of skipped) console.log(`  Left empty when loading: "${name}" is an FTS5 table without content`);
  const folder = relative(process.cwd(), output);
  console.log(`
The files: ${folder}/dump.sql, ${folder}/restored.sqlite, ${folder}/dump.zip

The same by hand, with "npm start" in another terminal:
  curl -H 'Authorization: Bearer dev-token' localhost:8787/query -d '{"sql":"CREATE TABLE t (a); INSERT INTO t VALUES (1)"}'
  curl -H 'Authorization: Bearer dev-token' localhost:8787/export/dump | sqlite3 copy.db
  curl -H 'Authorization: Bearer dev-token' -X POST 'localhost:8787/export/dump?format=csv&gzip=1'
  curl -H 'Authorization: Bearer dev-token' localhost:8787/export/dumps
  curl -H 'Authorization: Bearer dev-token' -OJ localhost:8787/export/dump/DUMP_ID/download`);
}

/** Nothing that was started stays behind, whichever way this ends. */
function stopOnSignal(server: Server): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      void server.stop().finally(() => process.exit(code));
    });
  }
}

try {
  process.exitCode = (await main(process.argv[2])) ? 0 : 1;
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
