/** `npm run bench:memory -- [--only TEXT] [--resident] [--runs 1] [--write]`: the most memory that an export takes, by the order of its rows. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { optionsOf, wholeNumber } from "../lib/options.ts";
import { peakBytes, residentBytes, type Server } from "../lib/server.ts";
import { LiveMemory } from "./live.ts";
import { download, median, runJob } from "./measure.ts";
import { databaseOf, largestRow, orders } from "./orders.ts";
import { serverWith } from "./seed-object.ts";
import { circumstances, writeSection } from "./results.ts";

const values = optionsOf(
  `npm run bench:memory -- [--only TEXT] [--resident] [--runs 1] [--write]: MiB over idle at the most, the largest row not counted: what is alive in the isolate, or with --resident what the process holds, in a new one for each figure`,
  {
    options: {
      only: { type: "string", default: "" },
      resident: { type: "boolean", default: false },
      runs: { type: "string", default: "1" },
      write: { type: "boolean", default: false },
    },
  },
);
const runs = wholeNumber("runs", values.runs, 1);
const MiB = 2 ** 20;

/** Milliseconds between two looks at what is alive: each collects garbage, which takes some 30. */
const lookMs = 20;
/** Milliseconds between two requests for a job's status: each takes memory of its own, which the allocator keeps. */
const pollMs = 1000;

const variants: Readonly<Record<string, string>> = {
  sql: "format=sql",
  csv: "format=csv&table=t",
  jsonl: "format=jsonl&table=t",
  d1: "format=sql&target=d1",
  "sql gzip": "format=sql&gzip=1",
  "sql zstd": "format=sql&compress=zstd",
  "csv zip": "format=csv",
};
const methods = {
  GET: (server: Server, query: string) => download(server, `/export/dump?${query}`),
  POST: (server: Server, query: string) => runJob(server, query, 6, pollMs),
};
type Run = (server: Server) => Promise<unknown>;

const lines = [
  `| MiB over idle | largest row | | ${Object.keys(variants).join(" | ")} |`,
  `| --- | --: | --- |${" --: |".repeat(Object.keys(variants).length)}`,
];
for (const name of Object.keys(orders).filter((one) => one.includes(values.only))) {
  const file = databaseOf(name);
  const largest = largestRow(file);
  for (const [method, run] of Object.entries(methods)) {
    const cells = Object.values(variants).map(
      (query): Run =>
        (server) =>
          run(server, query),
    );
    const seen = values.resident ? await residentPeaks(file, cells) : await livePeaks(file, cells);
    const peaks = seen.map((bytes) => ((bytes - largest) / MiB).toFixed(1));
    lines.push(`| ${name} | ${(largest / MiB).toFixed(1)} | ${method} | ${peaks.join(" | ")} |`);
    console.log(lines.at(-1));
  }
}
if (values.write) {
  const how = values.resident
    ? "Resident memory of workerd, each figure from a new process, with garbage collected before each page and each part"
    : `V8's heap and its array buffers, looked at every ${lookMs} ms through the inspector, garbage collected before each look`;
  const body = `${circumstances(new Date().toISOString().slice(0, 10))}\n${how}; the median of ${runs}. The largest row is taken off.\nPOST goes to a sink that takes 200 ms for a part and forgets it: R2's simulator would work in the same process. Status is asked for once a second.\n\n${lines.join("\n")}`;
  const title = `Memory by the order of rows: ${values.resident ? "resident" : "alive"}`;
  writeSection(join(import.meta.dirname, "RESULTS.md"), title, body);
}

/** Bytes alive in the isolate over what was before any export, at the most. */
async function livePeaks(file: string, cells: readonly Run[]): Promise<readonly number[]> {
  const server = await started(file);
  const live = await LiveMemory.open(server);
  try {
    const idle = await live.now();
    const peaks: number[] = [];
    for (const run of cells) {
      const seen: number[] = [];
      for (let n = 0; n < runs; n++) seen.push((await live.during(() => run(server), lookMs)) - idle);
      peaks.push(median(seen));
    }
    return peaks;
  } finally {
    live.close();
    await server.stop();
  }
}

/** Bytes that a new process holds over what it held before any export, at the most. */
async function residentPeaks(file: string, cells: readonly Run[]): Promise<readonly number[]> {
  const peaks: number[] = [];
  for (const run of cells) {
    const seen: number[] = [];
    for (let n = 0; n < runs; n++) {
      const server = await started(file);
      try {
        const pid = server.workerdPid();
        if (pid === undefined) throw new Error("Cannot find the workerd that holds the database");
        await server.fetch("/collect");
        const idle = residentBytes(pid);
        writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the peak begins anew: proc(5)
        await run(server);
        seen.push(peakBytes(pid) - idle);
      } finally {
        await server.stop();
      }
    }
    peaks.push(median(seen));
  }
  return peaks;
}

/** A server with `gc()`, one collector and small spaces for what is new, that has streamed 100 MB: what any stream takes is there. */
async function started(file: string): Promise<Server> {
  const server = await serverWith(file, false, {
    MINIFLARE_WORKERD_V8_FLAGS: "--expose-gc --single-threaded-gc --max-semi-space-size=1",
  });
  await download(server, "/floor/http?bytes=100000000");
  return server;
}
