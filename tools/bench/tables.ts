/** `npm run bench:tables -- [--tables 100,1000] [--rows 3] [--write] [--profile]`: what an export costs where there are many tables. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { optionsOf, wholeNumber } from "../lib/options.ts";
import type { Server } from "../lib/server.ts";
import { madeOnce } from "./made.ts";
import { runOnServer } from "./measure.ts";
import { serverWith } from "./seed-object.ts";
import { profileOf, stacksIn } from "./profile.ts";
import { circumstances, writeSection } from "./results.ts";

const values = optionsOf(
  `npm run bench:tables -- [--tables 100,400,1000] [--rows 3] [--jobs 5000] [--write] [--profile]: what it costs that there are many tables; with --profile where the longest stretches are`,
  {
    options: {
      tables: { type: "string", default: "100,400,1000,1100,3000,10000" },
      rows: { type: "string", default: "3" },
      jobs: { type: "string", default: "5000" },
      write: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
    },
  },
);
const folder = join(import.meta.dirname, "../../.bench");
const rows = wholeNumber("rows", values.rows, 0);

/** A database of so many tables, with a counter in every tenth. */
function fileWith(tables: number): string {
  const path = join(folder, `tables-${tables}-${rows}.sqlite`);
  return madeOnce(path, (database) => {
    database.exec("BEGIN");
    for (let at = 0; at < tables; at++) {
      const key = at % 10 === 0 ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "INTEGER PRIMARY KEY";
      database.exec(`CREATE TABLE table_${at} (id ${key}, name TEXT, value REAL)`);
      const insert = database.prepare(`INSERT INTO table_${at} (name, value) VALUES (?, ?)`);
      for (let row = 0; row < rows; row++) insert.run(`row ${row} of table ${at}`, row * 1.5);
    }
    database.exec("COMMIT");
  });
}

interface Seconds {
  readonly seconds: number;
  /** CPU seconds of workerd. */
  readonly cpu: number;
  /** The longest time in which the object did nothing else, in milliseconds. */
  readonly stretchMs: number;
  readonly answer: string;
}

/** A time in which the object did nothing else, from when it began, Unix milliseconds. */
interface Stretch {
  readonly from: number;
  readonly ms: number;
}

/** Stretches that a profile tells of, and lines of each. */
const shownStretches = 3;
const shownStacks = 6;

/** Seconds of some work, and the longest stretch of it. */
async function timed(server: Server, what: string, work: () => Promise<string>): Promise<Seconds> {
  let answer = "";
  let cost = { seconds: 0, cpu: 0 };
  let stretches: readonly Stretch[] = [];
  const run = async () => {
    await server.fetch("/stretch/begin");
    cost = await runOnServer(server, async () => {
      answer = await work();
      return answer.length;
    });
    stretches = await (await server.fetch("/stretch/end")).json();
  };
  if (values.profile) {
    const profile = await profileOf(server, run);
    for (const one of stretches.slice(0, shownStretches))
      console.log(`  ${what}, ${one.ms} ms: ${stacksIn(profile, one).slice(0, shownStacks).join("; ")}`);
  } else await run();
  return { seconds: cost.seconds, cpu: cost.cpu, stretchMs: stretches[0]?.ms ?? 0, answer };
}

async function ask(server: Server, path: string, method = "GET"): Promise<string> {
  const response = await server.fetch(path, { method });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.slice(0, 500)}`);
  return answer;
}

/** The job's status once it is over. */
async function ended(server: Server, dumpId: string): Promise<string> {
  for (;;) {
    const answer = await ask(server, `/export/dump/${dumpId}`);
    const { status } = Object(JSON.parse(answer));
    if (status === "complete") return answer;
    if (status !== "running" && status !== "queued") throw new Error(answer.slice(0, 1000));
    await wait(100);
  }
}

const cell = (one: Seconds | Error) =>
  one instanceof Error
    ? `${one.message.slice(0, 80)} | |`
    : `${one.seconds.toFixed(2)} | ${one.cpu.toFixed(2)} | ${one.stretchMs.toFixed(0)}`;
const tried = (work: Promise<Seconds>) =>
  work.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

async function measured(tables: number, format: string): Promise<string> {
  const server = await serverWith(fileWith(tables));
  try {
    await ask(server, "/export/dumps");
    const accepted = await tried(timed(server, "POST", () => ask(server, `/export/dump?${format}`, "POST")));
    const job =
      accepted instanceof Error
        ? accepted
        : await tried(timed(server, "job", () => ended(server, String(Object(JSON.parse(accepted.answer)).dumpId))));
    const download = await tried(timed(server, "GET", () => ask(server, `/export/dump?${format}`)));
    const again = await tried(timed(server, "POST", () => ask(server, `/export/dump?${format}`, "POST")));
    const id = again instanceof Error ? "" : String(Object(JSON.parse(again.answer)).dumpId);
    const cancelled =
      again instanceof Error
        ? again
        : await tried(timed(server, "DELETE", () => ask(server, `/export/dump/${id}`, "DELETE")));
    await ask(server, "/forget");
    const { dumpId } = Object(JSON.parse(await ask(server, `/export/dump?${format}`, "POST")));
    const alone = await timed(server, "job without R2", () => ended(server, String(dumpId)));
    return `| ${tables} | ${format} | ${[accepted, job, cancelled, download].map(cell).join(" | ")} | ${alone.stretchMs.toFixed(0)} |`;
  } finally {
    await server.stop();
  }
}

const lines = [
  "| tables | | POST until 202, s | CPU, s | longest stretch, ms | job, s | CPU, s | longest stretch, ms | DELETE of a job that runs, s | CPU, s | longest stretch, ms | GET, s | CPU, s | longest stretch, ms | a job without R2, longest stretch, ms |",
  "| --: | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
];
for (const tables of values.tables.split(",").map(Number)) {
  for (const format of ["format=sql", "format=csv"]) {
    const line = await measured(tables, format);
    console.log(line);
    lines.push(line);
  }
}
const jobs = wholeNumber("jobs", values.jobs, 0);
if (jobs > 0) {
  const server = await serverWith(fileWith(10));
  try {
    await ask(server, "/export/dump?format=sql", "POST");
    await ask(server, `/jobs/${jobs}`);
    const list = await timed(server, "list", () => ask(server, "/export/dumps"));
    const length = Object(JSON.parse(list.answer)).dumps.length;
    const line = `\`GET /export/dumps\` with ${jobs} jobs, ${length} in the answer: ${list.seconds.toFixed(2)} s (CPU ${list.cpu.toFixed(2)} s), longest stretch ${list.stretchMs.toFixed(0)} ms.`;
    console.log(line);
    lines.push("", line);
  } finally {
    await server.stop();
  }
}
if (values.write) {
  const date = new Date().toISOString().slice(0, 10);
  const body = `${circumstances(date)}\nEach table has ${rows} rows. The clock of the stretches runs in the object's own thread, where R2's simulator works as well; the last column is without it.\n\n${lines.join("\n")}`;
  writeSection(join(import.meta.dirname, "RESULTS.md"), `Many tables, ${rows} rows each`, body);
}
