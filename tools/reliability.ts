/** `npm run reliability [-- --size 400MB]`: what a job costs those who use the database, what a slow client costs, and how curl sees a failure. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { databaseFile } from "./bench/data.ts";
import { serverWith } from "./bench/seed-object.ts";
import { bytesOf } from "./bench/size.ts";
import { query } from "./lib/database.ts";
import { residentBytes, type Server } from "./lib/server.ts";
import { optionsOf } from "./lib/options.ts";

const values = optionsOf(`npm run reliability -- [--size 400MB]: what exports cost small reads beside them`, {
  options: { size: { type: "string", default: "400MB" } },
});
const server = await serverWith(databaseFile(join(import.meta.dirname, "../.bench"), "mix", bytesOf(values.size)));
const folder = mkdtempSync(join(tmpdir(), "durable-export-reliability-"));
try {
  await slowClient();
  await live();
  await tooMany();
  await truncated();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Small reads, one after the other, without and with an export beside them. */
async function live(): Promise<void> {
  console.log(
    "| small reads (`POST /query`) | reads | p50 ms | p99 ms | max ms |\n| --- | ---: | ---: | ---: | ---: |",
  );
  await readsWhile("nothing else", wait(10_000));
  for (const options of ["format=sql", "format=sql&gzip=1", "format=sql&compress=zstd", "format=csv", "format=jsonl"])
    await readsWhile(`a job, ${options}`, job(options));
  for (const options of ["format=sql", "format=sql&gzip=1", "format=sql&compress=zstd"]) {
    const read = server.fetch(`/export/dump?${options}`).then(async (response) => {
      for await (const _ of response.body ?? []);
    });
    await readsWhile(`a download, ${options}`, read);
  }
}

async function readsWhile(name: string, work: Promise<unknown>): Promise<void> {
  const times: number[] = [];
  const over = work.then(() => true);
  while (!(await Promise.race([over, wait(5).then(() => false)]))) {
    const started = performance.now();
    await query(server, { sql: "SELECT a, b FROM narrow WHERE id = ?", params: [1 + (times.length % 1000)] });
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  console.log(`| ${name} | ${times.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
}

async function job(options: string): Promise<void> {
  const { dumpId } = await statusAt(`/export/dump?${options}`, { method: "POST" });
  for (;;) {
    const { status, error } = await statusAt(`/export/dump/${dumpId}`);
    if (status === "complete") break;
    if (status === "failed") throw new Error(JSON.stringify(error));
    await wait(200);
  }
  await server.fetch(`/export/dump/${dumpId}`, { method: "DELETE" });
}

interface Status {
  readonly dumpId: string;
  readonly status: string;
  readonly error?: unknown;
}

async function statusAt(path: string, init?: RequestInit): Promise<Status> {
  return (await server.fetch(path, init)).json();
}

/** A client that takes 1 KB a second. */
async function slowClient(): Promise<void> {
  const pid = workerd(server);
  const idle = residentBytes(pid);
  const slow = curl("/export/dump", "slow.sql", "--limit-rate", "1k");
  let most = 0;
  for (let second = 0; second < 30; second++) {
    await wait(1000);
    most = Math.max(most, residentBytes(pid) - idle);
  }
  console.log(
    `slow client (1 KB/s, 30 s): workerd holds at most ${(most / 2 ** 20).toFixed(1)} MiB more than before\n`,
  );
  slow.child.kill();
  await slow.exit;
}

/** A fifth download beside four. */
async function tooMany(): Promise<void> {
  const four = [1, 2, 3, 4].map((number) => curl("/export/dump", `${number}.sql`, "--limit-rate", "100k"));
  await wait(1000);
  const response = await server.fetch("/export/dump");
  console.log(
    `\nfifth download: ${response.status}, Retry-After ${response.headers.get("Retry-After")}: ${await response.text()}`,
  );
  for (const { child } of four) child.kill();
  await Promise.all(four.map(({ exit }) => exit));
  for (;;) {
    const again = await server.fetch("/export/dump?content=schema");
    await again.text();
    if (again.status === 200) break;
    await wait(500);
  }
  console.log("once they have gone: 200");
}

/** The schema changes in the middle of a download. */
async function truncated(): Promise<void> {
  console.log("\n| a failure after the first byte | curl's exit code | |\n| --- | ---: | --- |");
  const checks = [
    [
      "format=sql",
      "cut.sql",
      "tail -n 1",
      (line: string) => (line.startsWith("-- dump complete") ? "looks whole" : "no last line"),
    ],
    ["format=sql&gzip=1", "cut.sql.gz", "gzip -t", null],
    ["format=sql&compress=zstd", "cut.sql.zst", "zstd -tq", null],
    ["format=csv", "cut.zip", "unzip -tq", null],
  ] as const;
  for (const [options, name, command, judge] of checks) {
    const { exit } = curl(`/export/dump?${options}`, name, "--limit-rate", "20M");
    await wait(1500);
    await query(server, { sql: `CREATE TABLE IF NOT EXISTS cut_${name.replaceAll(".", "_")} (a)` });
    const code = await exit;
    const found = await run(`${command} '${join(folder, name)}' 2>&1`);
    const verdict = judge === null ? `\`${command}\`: exit code ${found.code}` : judge(found.output);
    console.log(`| ${options} | ${code} | ${verdict} |`);
  }
}

function curl(path: string, name: string, ...more: readonly string[]) {
  const args = [
    "-sf",
    "-o",
    join(folder, name),
    "-H",
    `Authorization: Bearer ${server.token}`,
    ...more,
    server.url + path,
  ];
  const child = spawn("curl", args, { stdio: "ignore" });
  return { child, exit: new Promise<number | null>((resolve) => child.once("close", resolve)) };
}

async function run(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

function workerd(of: Server): number {
  const pid = of.workerdPid();
  if (pid === undefined) throw new Error("Cannot find the workerd that holds the database");
  return pid;
}
