/** Boots the Worker of this checkout with wrangler dev, on this machine only, and takes it down again. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve as absolute } from "node:path";

const root = join(import.meta.dirname, "../..");
const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");

/** How a server is started. */
export interface ServerOptions {
  /** A free one where none is given. */
  readonly port?: number;
  /** Where its state is kept; a new folder, removed at the end, where none is given. */
  readonly persistTo?: string;
  readonly token?: string;
  /** Another configuration than the project's own. */
  readonly config?: string;
  /** Variables of the Worker. */
  readonly vars?: Readonly<Record<string, string>>;
  /** More variables of wrangler's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Worker that runs. */
export interface Server {
  readonly url: string;
  readonly token: string;
  readonly persistTo: string;
  /** Where the DevTools protocol is spoken. */
  readonly inspectorUrl: string;
  /** The workerd that holds the object, for its memory and for killing it. */
  workerdPid(): number | undefined;
  /** Sends a request with the token. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}

/** Wrangler's command line: this checkout's Worker, a token that stands in no file, no traffic but its own. */
async function wranglerDev(
  port: number,
  token: string,
  more: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const args = ["dev", "--ip", "127.0.0.1", "--port", String(port), "--var", `EXPORT_TOKEN:${token}`];
  return spawn(process.execPath, ["--no-warnings", wrangler, ...args, ...more], {
    cwd: root,
    env: { ...process.env, ...env, WRANGLER_SEND_METRICS: "false", NO_UPDATE_NOTIFIER: "1", CI: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32", // a group of its own, so that nothing of it stays behind
  });
}

/** Starts a Worker and waits until it answers. */
export async function startServer({
  port,
  persistTo,
  token = "dev-token",
  config,
  vars = {},
  env = {},
}: ServerOptions = {}): Promise<Server> {
  const at = port ?? (await freePort());
  const state = persistTo !== undefined ? absolute(persistTo) : mkdtempSync(join(tmpdir(), "durable-export-"));
  const inspector = await freePort();
  const more = [
    "--inspector-port",
    String(inspector),
    "--persist-to",
    state,
    "--log-level",
    "warn",
    "--show-interactive-dev-session=false",
    ...(config === undefined ? [] : ["--config", config]),
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
  const child = await wranglerDev(at, token, more, env);
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => (log = (log + data.toString()).slice(-20_000)));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (signal: NodeJS.Signals) => killGroup(child, signal);
  const last = () => kill("SIGKILL");
  process.once("exit", last);

  const url = `http://127.0.0.1:${at}`;
  const server: Server = {
    url,
    token,
    persistTo: state,
    inspectorUrl: `http://127.0.0.1:${inspector}`,
    workerdPid: () => descendants(child.pid ?? -1).find((pid) => isWorkerd(pid) && hasOpen(pid, state)),
    fetch: (path, init) =>
      fetch(url + path, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init?.headers)), Authorization: `Bearer ${token}` },
      }),
    async stop() {
      kill("SIGTERM");
      const timer = setTimeout(() => kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
      kill("SIGKILL"); // whatever of the group outlived wrangler
      process.removeListener("exit", last);
      if (persistTo === undefined) rmSync(state, { recursive: true, force: true });
    },
  };
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await server.fetch("/export/dumps").catch(() => null);
    if (answer?.ok) return server;
    if (child.exitCode !== null || Date.now() > deadline) {
      await server.stop();
      throw new Error(`Cannot start the Worker on ${url}:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
  } catch {
    // it is gone, which is what was wanted
  }
}

/** All processes below one, by /proc; none where there is no /proc. */
function descendants(pid: number): number[] {
  let entries: string[];
  try {
    entries = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  const parents = new Map(entries.map((name) => [Number(name), Number(statOf(name)?.split(" ")[1])]));
  const below = (one: number): number[] =>
    [...parents].flatMap(([child, parent]) => (parent === one ? [child, ...below(child)] : []));
  return below(pid);
}

/** What stands behind the command's name: state, parent, … */
function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "");
  } catch {
    return undefined; // the process has ended meanwhile
  }
}

function isWorkerd(pid: number): boolean {
  try {
    return /\bworkerd\0/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false; // the process has ended meanwhile
  }
}

/** Wrangler runs a second workerd in front, which holds no state. */
function hasOpen(pid: number, folder: string): boolean {
  try {
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return open.some((path) => path.startsWith(folder) && path.endsWith(".sqlite"));
  } catch {
    return false; // the process, or one of its files, is gone meanwhile
  }
}

/** Memory that a process holds now, in bytes. */
export function residentBytes(pid: number): number {
  return field(pid, "VmRSS");
}

/** The most memory that a process has held, in bytes. */
export function peakBytes(pid: number): number {
  return field(pid, "VmHWM");
}

function field(pid: number, name: string): number {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0; // no such process, or no /proc
  }
}
