/** `npm run bench:memory -- [--only TEXT] [--runs 2] [--write]`: the most memory that an export takes, by the order of its rows. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { optionsOf, wholeNumber } from "../scripts/lib/options.ts";
import { peakBytes, residentBytes, type Server } from "../scripts/lib/server.ts";
import { download, runJob } from "./measure.ts";
import { serverWith } from "./place.ts";
import { circumstances, writeSection } from "./results.ts";

const values = optionsOf(
  `npm run bench:memory -- [--only TEXT] [--runs 2] [--write]: MiB over idle at the most, with garbage collected before each page`,
  {
    options: {
      only: { type: "string", default: "" },
      runs: { type: "string", default: "2" },
      write: { type: "boolean", default: false },
    },
  },
);
const runs = wholeNumber("runs", values.runs, 1);
const MiB = 2 ** 20;

/** Rows of `t(id, name, v)` by their number `i`, unless `create` and `insert` say otherwise. */
interface Order {
  readonly rows: number;
  readonly v?: string;
  readonly create?: string;
  readonly insert?: string;
}

const blob = "randomblob(2000000)";
const small = "'value ' || i";
const wide = Array.from({ length: 100 }, (_, at) => `c${at}`);
const long = Array.from({ length: 60 }, (_, at) => `"${"a long name ".repeat(40)}${at}"`);
const orders: Readonly<Record<string, Order>> = {
  "small, then 2 MB": { rows: 84, v: `CASE WHEN i <= 60 THEN ${small} ELSE ${blob} END` },
  "thousands small, then 2 MB": { rows: 9_020, v: `CASE WHEN i <= 9000 THEN ${small} ELSE ${blob} END` },
  "2 MB, then small": { rows: 20_010, v: `CASE WHEN i <= 10 THEN ${blob} ELSE ${small} END` },
  alternating: { rows: 40, v: `CASE WHEN i % 2 = 0 THEN ${small} ELSE ${blob} END` },
  "one of 2 MB among small": { rows: 30_000, v: `CASE WHEN i = 15000 THEN ${blob} ELSE ${small} END` },
  "BLOBs of 2 MB": { rows: 20, v: blob },
  "texts of 2 MB": { rows: 20, v: "replace(printf('%.200000c', 'x'), 'x', 'some text ')" },
  "texts of 2 MB, several bytes a character": { rows: 20, v: "replace(printf('%.100000c', 'x'), 'x', 'Привет 😀 ')" },
  "control characters, 2 MB": { rows: 20, v: "replace(printf('%.1000000c', 'x'), 'x', char(1) || char(31))" },
  "quotes and CRLF, 2 MB": { rows: 20, v: `replace(printf('%.500000c', 'x'), 'x', '''"' || char(13, 10))` },
  "NULs, 2 MB": { rows: 20, v: "char(0) || printf('%.1999999c', 'y')" },
  "small, then 16 KB": { rows: 12_000, v: `CASE WHEN i <= 9000 THEN ${small} ELSE printf('%.16000c', 'x') END` },
  "100 columns of 20 KB": {
    rows: 80,
    create: `CREATE TABLE t (${wide.join()})`,
    insert: `SELECT ${wide.map(() => "CASE WHEN i <= 60 THEN 'x' ELSE printf('%.20000c', 'y') END").join()} FROM n`,
  },
  "names of 480 bytes": {
    rows: 5_000,
    create: `CREATE TABLE t (${long.join()})`,
    insert: `SELECT ${long.map((_, at) => (at % 20 === 0 ? "i" : "NULL")).join()} FROM n`,
  },
};

const variants: Readonly<Record<string, string>> = {
  sql: "format=sql",
  csv: "format=csv&table=t",
  jsonl: "format=jsonl&table=t",
  d1: "format=sql&target=d1",
  "sql gzip": "format=sql&gzip=1",
  "csv zip": "format=csv",
};

const folder = join(import.meta.dirname, "../.bench");
const methods = { GET: (server: Server, query: string) => download(server, `/export/dump?${query}`), POST: runJob };
const names = Object.keys(orders).filter((name) => name.includes(values.only));
const lines = [
  `| MiB over idle | | ${Object.keys(variants).join(" | ")} |`,
  `| --- | --- |${" --: |".repeat(Object.keys(variants).length)}`,
];
for (const [at, name] of Object.keys(orders).entries()) {
  const order = orders[name];
  if (order === undefined || !names.includes(name)) continue;
  const server = await serverWith(databaseOf(at, order), false, { MINIFLARE_WORKERD_V8_FLAGS: "--expose-gc" });
  try {
    await download(server, "/floor/http?bytes=100000000"); // what any stream takes of a fresh isolate
    const pid = server.workerdPid();
    if (pid === undefined) throw new Error("Cannot find the workerd that holds the database");
    await server.fetch("/collect");
    const idle = residentBytes(pid); // what is held later on, the allocator may have kept
    for (const [method, run] of Object.entries(methods)) {
      const peaks: string[] = [];
      for (const query of Object.values(variants)) {
        const seen: number[] = [];
        for (let n = 0; n < runs; n++) seen.push(await peakOf(server, pid, idle, () => run(server, query)));
        peaks.push(Math.min(...seen).toFixed(0));
      }
      lines.push(`| ${name} | ${method} | ${peaks.join(" | ")} |`);
      console.log(lines.at(-1));
    }
  } finally {
    await server.stop();
  }
}
if (values.write) {
  const body = `${circumstances(new Date().toISOString().slice(0, 10))}\nThe least of ${runs} runs. Garbage is collected before each page and each part. POST goes to a sink that takes 20 ms for a part and forgets it: R2's simulator would work in the same process.\n\n${lines.join("\n")}`;
  writeSection(join(import.meta.dirname, "RESULTS.md"), "Memory by the order of rows", body);
}

/** Bytes that a run takes over what the process held before any export, at the most, in MiB. */
async function peakOf(server: Server, pid: number, idle: number, run: () => Promise<number>): Promise<number> {
  await server.fetch("/collect");
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the peak begins anew: proc(5)
  await run();
  return Math.max(0, peakBytes(pid) - idle) / MiB;
}

function databaseOf(at: number, { rows, v, create, insert }: Order): string {
  const path = join(folder, `memory-${at}.sqlite`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  const database = new DatabaseSync(draft);
  database.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096");
  database.exec(create ?? "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, v)");
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
  database.exec(`INSERT INTO t ${numbers} ${insert ?? `SELECT i, 'row ' || i, ${v} FROM n`}`);
  database.exec("CREATE TABLE u (a); INSERT INTO u VALUES (1)"); // so that CSV of all is an archive
  database.close();
  renameSync(draft, path);
  return path;
}
