/** Servers that read files, each started in a folder of its own. */
import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../test/support/e2e/commands.ts";
import type { SeenTable } from "./reader.ts";

/** Servers refuse to run as root: they get a user of their own, and what is theirs belongs to it. */
export const isRoot = process.getuid?.() === 0;

/** A program as it is run by a user that servers may run as, where we are root, which they refuse to run as. */
export function asUser(user: string, command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return isRoot ? ["runuser", ["-u", user, "--", command, ...args]] : [command, args];
}

/** A folder that the user of a server may write to. */
async function folderOf(user: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-"));
  chmodSync(folder, 0o755);
  if (isRoot) await run("chown", [user, folder]);
  return folder;
}

/** Starts a server, reads all with it, and takes it down. */
export async function withServer(
  user: string,
  start: (folder: string) => Promise<ChildProcess>,
  isReady: (folder: string) => Promise<boolean>,
  read: (folder: string) => Promise<readonly (SeenTable | Error)[]>,
): Promise<readonly (SeenTable | Error)[]> {
  const folder = await folderOf(user);
  const server = await start(folder);
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  try {
    const deadline = Date.now() + 60_000;
    while (!(await isReady(folder))) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`The server of ${user} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await read(folder);
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM"); // its group: it may run behind `runuser`
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
