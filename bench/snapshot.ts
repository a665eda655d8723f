/** `npm run bench:snapshot -- [--size 100MB] [--runs 5] [--write]`: what it costs that an export is the database of one moment. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Server } from "../scripts/lib/server.ts";
import { databaseFile } from "./data.ts";
import { median } from "./measure.ts";
import { serverWith } from "./place.ts";
import { circumstances, writeSection } from "./results.ts";
import { bytesOf } from "./size.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "100MB" },
    runs: { type: "string", default: "5" },
    write: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
const writes = 20_000;
const server = await serverWith(databaseFile(join(import.meta.dirname, "../.bench"), "mix", bytesOf(values.size)));

/** Seconds that a request takes, and its answer. */
async function timed(on: Server, path: string): Promise<{ readonly seconds: number; readonly answer: string }> {
  const started = performance.now();
  const response = await on.fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  const answer = await response.text();
  return { seconds: (performance.now() - started) / 1000, answer };
}

interface Cost {
  readonly seconds: number[];
  readonly written: number;
}

/** Writes with nothing, or with what an export sets up; `again` where every row has been changed once already. */
async function writing(consistency: string, again: boolean): Promise<Cost> {
  const seconds: number[] = [];
  let written = 0;
  for (let run = 0; run < runs; run++) {
    await timed(server, `/still/begin/${consistency}`);
    if (again) await timed(server, `/still/write?count=${writes}`);
    const { seconds: one, answer } = await timed(server, `/still/write?count=${writes}`);
    seconds.push(one);
    written = Number(answer);
    await timed(server, "/still/end");
  }
  return { seconds, written };
}

async function exporting(consistency: string, changed: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    await timed(server, `/still/begin/${consistency}?changed=${changed}`);
    seconds.push((await timed(server, "/still/export")).seconds);
    await timed(server, "/still/end");
  }
  return seconds;
}

try {
  const lines = ["| 20,000 updates of one row each | seconds | of none | rows written |", "| --- | --: | --: | --: |"];
  await writing("none", false); // warms up
  const none = await writing("none", false);
  const cases = [
    ["no export", none],
    ["`fuzzy`", await writing("fuzzy", false)],
    ["`snapshot`, each row for the first time", await writing("snapshot", false)],
    ["`snapshot`, rows that are kept already", await writing("snapshot", true)],
  ] as const;
  for (const [name, { seconds, written }] of cases)
    lines.push(
      `| ${name} | ${median(seconds).toFixed(3)} | ${(median(seconds) / median(none.seconds)).toFixed(2)} | ${written} |`,
    );
  lines.push("", "| making the SQL of all rows | seconds | of fuzzy |", "| --- | --: | --: |");
  const fuzzy = await exporting("fuzzy", 0);
  const exports = [
    ["`fuzzy`", fuzzy],
    ["`snapshot`, nothing changed", await exporting("snapshot", 0)],
    ["`snapshot`, 1 % of the rows changed", await exporting("snapshot", 0.01)],
    ["`snapshot`, 10 % of the rows changed", await exporting("snapshot", 0.1)],
  ] as const;
  for (const [name, seconds] of exports)
    lines.push(`| ${name} | ${median(seconds).toFixed(2)} | ${(median(seconds) / median(fuzzy)).toFixed(2)} |`);
  console.log(lines.join("\n"));
  if (values.write) {
    const date = new Date().toISOString().slice(0, 10);
    const body = `${circumstances(date)}\nMedians of ${runs}; all in one turn of the object each, so that no commit is waited for.\n\n${lines.join("\n")}`;
    writeSection(join(import.meta.dirname, "RESULTS.md"), `What a snapshot costs, mix, ${values.size}`, body);
  }
} finally {
  await server.stop();
}
