/** Whole processes, timed from outside. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { peakBytes, residentBytes, type Server } from "../lib/server.ts";

/** What one run cost. */
export interface Measured {
  readonly seconds: number;
  readonly bytes: number;
  /** CPU seconds of workerd; of the commands themselves where there is no Worker. */
  readonly cpu: number;
  /** Most memory of workerd beyond what it held before, in bytes; 0 where there is no Worker. */
  readonly peak: number;
}

/** Runs a shell command and counts what it prints. */
export async function runCommand(command: string): Promise<Measured> {
  const before = process.resourceUsage();
  const started = performance.now();
  // `wc -c` reads as fast as a pipe gives, and costs every candidate the same
  const output = await shell(`(${command}) | wc -c`);
  const seconds = (performance.now() - started) / 1000;
  const after = process.resourceUsage();
  const cpu = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
  return { seconds, bytes: Number(output), cpu, peak: 0 };
}

/** Runs something against a server, and says what its workerd needed for it. */
export async function runOnServer(server: Server, run: () => Promise<number>): Promise<Measured> {
  const pid = server.workerdPid();
  if (pid === undefined) throw new Error("Cannot find the workerd that holds the database");
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the peak begins anew: proc(5)
  const [idle, cpu] = [residentBytes(pid), cpuSeconds(pid)];
  const started = performance.now();
  const bytes = await run();
  const seconds = (performance.now() - started) / 1000;
  return { seconds, bytes, cpu: cpuSeconds(pid) - cpu, peak: Math.max(0, peakBytes(pid) - idle) };
}

/** Downloads with curl, whose own cost is small, and counts the bytes. Fails unless the answer is whole. */
export async function download(server: Server, path: string, level = 6): Promise<number> {
  const headers = `-H 'Authorization: Bearer ${server.token}' -H 'X-Level: ${level}'`;
  return Number(await shell(`curl -sf -o /dev/null -w '%{size_download}' ${headers} '${server.url}${path}'`));
}

/** Runs a job until it is complete, asking every so many milliseconds, and gives the size of its file. */
export async function runJob(server: Server, query: string, level = 6, pollMs = 20): Promise<number> {
  const headers = { "X-Level": String(level) };
  const { dumpId } = await json(await server.fetch(`/export/dump?${query}`, { method: "POST", headers }));
  for (;;) {
    const { status, result, error } = await json(await server.fetch(`/export/dump/${String(dumpId)}`));
    if (status === "complete") {
      await server.fetch(`/export/dump/${String(dumpId)}`, { method: "DELETE" });
      return Number(Object(result).size);
    }
    if (status !== "running" && status !== "queued")
      throw new Error(`The job is ${String(status)}: ${JSON.stringify(error)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return response.json();
}

async function shell(command: string): Promise<string> {
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`The command ended with exit code ${code}: ${command}`);
  return output;
}

const ticksPerSecond = 100; // USER_HZ: proc(5)

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
