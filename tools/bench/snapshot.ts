/** `npm run bench:snapshot -- [--size 100MB] [--runs 5] [--write]`: what it costs that an export is the database of one moment. */
import { join } from "node:path";
import type { Server } from "../lib/server.ts";
import { databaseFile } from "./data.ts";
import { setTimeout as wait } from "node:timers/promises";
import { query } from "../lib/database.ts";
import { median, runJob } from "./measure.ts";
import { serverWith } from "./seed-object.ts";
import { circumstances, writeSection } from "./results.ts";
import { bytesOf } from "./size.ts";
import { optionsOf, wholeNumber } from "../lib/options.ts";

const values = optionsOf(
  `npm run bench:snapshot -- [--size 100MB] [--runs 5] [--write]: what a snapshot costs writers and the export`,
  {
    options: {
      size: { type: "string", default: "100MB" },
      runs: { type: "string", default: "5" },
      write: { type: "boolean", default: false },
    },
  },
);
const runs = wholeNumber("runs", values.runs, 1);
const writes = 20_000;
const clients = 8;
/** Rows of the table that clients write to, at most. */
const rows = 300_000;
const server = await serverWith(databaseFile(join(import.meta.dirname, "../../.bench"), "mix", bytesOf(values.size)));

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

/** How many single updates clients get through, one after the other each, until some work is done. */
async function writesBeside(work: Promise<unknown>): Promise<{ readonly perSecond: number; readonly seconds: number }> {
  const started = performance.now();
  const counter = { written: 0, isOpen: true };
  const client = async (_: unknown, own: number) => {
    for (let n = own; counter.isOpen; n += clients) {
      await query(server, { sql: "UPDATE narrow SET a = a + 1 WHERE id = ?", params: [1 + ((n * 7919) % rows)] });
      counter.written++;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  await work;
  const seconds = (performance.now() - started) / 1000;
  const { written } = counter;
  counter.isOpen = false;
  await all;
  return { perSecond: written / seconds, seconds };
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
  lines.push(
    "",
    `| ${clients} clients that update a row each by \`POST /query\`, while a job makes gzip SQL | writes a second | of none | job, seconds |`,
    "| --- | --: | --: | --: |",
  );
  const alone = await writesBeside(wait(5000));
  lines.push(`| no job | ${alone.perSecond.toFixed(0)} | 1.00 | |`);
  for (const consistency of ["fuzzy", "snapshot"]) {
    const beside = await writesBeside(runJob(server, `format=sql&gzip=1&consistency=${consistency}`));
    const share = (beside.perSecond / alone.perSecond).toFixed(2);
    lines.push(
      `| a \`${consistency}\` job | ${beside.perSecond.toFixed(0)} | ${share} | ${beside.seconds.toFixed(1)} |`,
    );
  }
  console.log(lines.join("\n"));
  if (values.write) {
    const date = new Date().toISOString().slice(0, 10);
    const body = `${circumstances(date)}\nMedians of ${runs}; all but the last table in one turn of the object each, so that no commit is waited for.\n\n${lines.join("\n")}`;
    writeSection(join(import.meta.dirname, "RESULTS.md"), `What a snapshot costs, mix, ${values.size}`, body);
  }
} finally {
  await server.stop();
}
