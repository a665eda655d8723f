/** `npm run crash [-- --size 200MB] [--random 3] [--seed 1]`: kills workerd a hundred times and more, and compares every file. */
import { join } from "node:path";
import { databaseFile } from "./bench/data.ts";
import { bytesOf } from "./bench/size.ts";
import { CrashHarness, type CrashRun } from "./crash/harness.ts";
import { optionsOf, wholeNumber } from "./lib/options.ts";

const values = optionsOf(
  `npm run crash -- [--size 200MB] [--random 3] [--seed 1]: kills workerd at each step of a job, and at random moments of so many more runs`,
  {
    options: {
      size: { type: "string", default: "200MB" },
      random: { type: "string", default: "3" },
      seed: { type: "string", default: "1" },
    },
  },
);
const jobs = [
  "format=sql",
  "format=sql&gzip=1",
  "format=csv",
  "format=csv&gzip=1",
  "format=jsonl",
  "format=jsonl&gzip=1",
  "format=csv&table=narrow&gzip=1",
  "format=sql&compress=zstd",
  "format=jsonl&table=narrow&compress=zstd",
];
const file = databaseFile(join(import.meta.dirname, "../.bench"), "mix", bytesOf(values.size));
const random = wholeNumber("random", values.random, 0);
const harness = await CrashHarness.start(file, wholeNumber("seed", values.seed, 0));
const runs: CrashRun[] = [];
console.log("| job | parts | MB | kills | seconds | SHA-256 | |\n| --- | ---: | ---: | ---: | ---: | --- | --- |");
for (const job of jobs) {
  const run = await harness.run(job, random);
  runs.push(run);
  const { parts, bytes, kills, seconds, sha256, expected } = run;
  const verdict = sha256 === expected ? "equal" : `NOT equal: ${expected.slice(0, 16)}…`;
  console.log(
    `| \`${job}\` | ${parts} | ${(bytes / 1e6).toFixed(0)} | ${kills.length} | ${seconds.toFixed(0)} | ${sha256.slice(0, 16)}… | ${verdict} |`,
  );
}
const { rows, objects, uploads } = await harness.stop();
const kills = runs.flatMap((run) => run.kills);
const creates = kills.filter((step) => step === "create answered").length;
const wrong = runs.filter((run) => run.sha256 !== run.expected).length;
console.log(`\n${kills.length} kills, ${runs.length} jobs, ${wrong} files not equal`);
console.log(
  `left when all were deleted: ${rows} rows, ${objects} objects, ${uploads} uploads (${creates} kills behind "create answered")`,
);
if (wrong > 0 || rows > 0 || objects > 0 || uploads > creates) process.exitCode = 1;
