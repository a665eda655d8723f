/** `npm run bench -- [--size 100MB] [--kind mix] [--runs 5] [--only TEXT] [--json] [--profile] [--write]`: ours beside the sqlite3 shell, in turns. */
import { join } from "node:path";
import { casesFor, chosen, type Case } from "./cases.ts";
import { databaseFile, kinds, tablesIn, type Kind } from "./data.ts";
import { download, type Measured } from "./measure.ts";
import { serverWith } from "./seed-object.ts";
import { profiled, type Own } from "./profile.ts";
import { lineOf, markdownTable, textTable } from "./report.ts";
import { circumstances, writeSection } from "./results.ts";
import type { Server } from "../lib/server.ts";
import { bytesOf } from "./size.ts";
import { optionsOf, refuse, wholeNumber } from "../lib/options.ts";

const values = optionsOf(
  `npm run bench -- [--size 100MB] [--kind mix|…|all] [--runs 5] [--only "GET sql"] [--json] [--profile] [--write]: seconds and ratios to the sqlite3 shell; --write puts them into tools/bench/RESULTS.md`,
  {
    options: {
      size: { type: "string", default: "100MB" },
      kind: { type: "string", default: "mix" },
      runs: { type: "string", default: "5" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  },
);
const size = bytesOf(values.size);
const runs = wholeNumber("runs", values.runs, 1);
const wantedKinds = values.kind === "all" ? kinds : kinds.filter((kind) => kind === values.kind);
if (wantedKinds.length === 0) refuse(`--kind is ${values.kind}, allowed: ${kinds.join(", ")} or all`);

const folder = join(import.meta.dirname, "../../.bench");
/** D1's exporter makes one string of a database, which V8 bounds to 512 MiB. */
const d1Bytes = 150e6;
const results: unknown[] = [];
for (const kind of wantedKinds) results.push(...(await bench(kind)));
if (values.json) console.log(JSON.stringify(results, null, 2));

async function bench(kind: Kind) {
  const file = databaseFile(folder, kind, size);
  const tables = tablesIn(file);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const server = await serverWith(file, size <= d1Bytes);
  try {
    const all = casesFor(server, file, tables, size <= d1Bytes);
    const cases = chosen(all, values.only);
    if (cases.length === 0)
      throw new RangeError(`--only is ${values.only}, allowed: a part of ${all.map(({ name }) => name).join(", ")}`);
    if (values.profile) {
      for (const one of cases.filter(({ name }) => /^(GET|POST)/.test(name)))
        printProfile(one.name, await profileOf(server, one));
      return [];
    }
    // a fresh isolate takes 70 MiB more while it streams anything, bytes from memory too: what a stream needs, not what an export needs
    await download(server, "/floor/http?bytes=100000000");
    const measured = new Map<string, Measured[]>(cases.map((one) => [one.name, []]));
    const bytesMade = (name: string) => measured.get(name)?.[0]?.bytes ?? 0;
    for (let run = 0; run < runs; run++) {
      for (const one of cases) {
        measured.get(one.name)?.push(await one.run(bytesMade));
        if (process.stderr.isTTY) process.stderr.write(`\r${kind}: run ${run + 1} of ${runs}, ${one.name}\u001b[K`);
      }
    }
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
    const lines = cases.map((one) => lineOf(one, measured));
    const read = await rowsReadPerRow(server, rows);
    const title = `${kind}, ${values.size}`;
    const what = `${rows.toLocaleString("en")} rows in ${tables.length} tables, medians of ${runs}; rows read per row exported: ${read}`;
    if (!values.json) console.log(`\n${title}: ${what}\n${textTable(lines)}`);
    if (values.write) {
      const body = `${circumstances(new Date().toISOString().slice(0, 10))}\n${what}.\n\n${markdownTable(lines)}`;
      writeSection(join(import.meta.dirname, "RESULTS.md"), title, body);
    }
    return lines.map((line) => ({ kind, size, rows, ...line }));
  } finally {
    await server.stop();
  }
}

async function rowsReadPerRow(server: Server, rows: number): Promise<string> {
  const formats = ["sql", "csv", "jsonl"];
  const read: string[] = [];
  for (const format of formats) {
    const all = Number(await (await server.fetch(`/rows/${format}`)).json());
    read.push(`${format} ${(all / rows).toFixed(4)}`);
  }
  return read.join(", ");
}

/** A first run is not watched: it fills the caches of all who take part. */
async function profileOf(server: Server, one: Case): Promise<readonly Own[]> {
  await one.run(() => 0);
  return profiled(server, () => one.run(() => 0));
}

function printProfile(name: string, own: readonly Own[]): void {
  const all = own.reduce((sum, { ms }) => sum + ms, 0);
  const share = (ms: number) => `${ms.toFixed(0).padStart(7)} ms ${((100 * ms) / all).toFixed(1).padStart(5)} %`;
  const byStage = Map.groupBy(own, ({ stage }) => stage);
  const sums = [...byStage].map(([stage, list]) => ({ stage, ms: list.reduce((sum, { ms }) => sum + ms, 0) }));
  console.log(`\n${name}: ${all.toFixed(0)} ms`);
  for (const { stage, ms } of sums.toSorted((a, b) => b.ms - a.ms)) console.log(`${share(ms)}  ${stage}`);
  console.log("of these:");
  for (const { name: functionName, ms } of own.slice(0, 8)) console.log(`${share(ms)}  ${functionName}`);
}
