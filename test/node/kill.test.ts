/** A job goes on after workerd is killed, with the bytes of one that was left alone. */
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../scripts/lib/database.ts";
import { startServer, type Server } from "../../scripts/lib/server.ts";
import { bytesOf, sha256, watchJob } from "./support.ts";

let server: Server;

beforeAll(async () => {
  server = await startServer();
  await query(server, { sql: "CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL, name TEXT, payload BLOB)" });
  const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
    INSERT INTO events (at, name, payload) SELECT i / 7.0, 'event ' || i, randomblob(150) FROM n`;
  for (let round = 0; round < 4; round++) await query(server, { sql: rows });
});
afterAll(() => server.stop());

/** Exports with so many kills in the middle, and gives the file's SHA-256. */
async function exported(options: string, kills: number): Promise<string> {
  let left = kills;
  let bytesAtKill = 0;
  for await (const job of watchJob(server, options)) {
    if (job.status === "failed") throw new Error(JSON.stringify(job.error));
    if (job.status === "complete") {
      expect(left, "the job was over before it could be killed").toBe(0);
      expect(job.result?.rows).toEqual({ events: 200_000 });
      const bytes = await bytesOf(server, `/export/dump/${job.dumpId}/download`);
      expect(job.result?.size).toBe(bytes.length);
      return sha256(bytes);
    }
    if (left === 0 || job.progress.bytes <= bytesAtKill) continue;
    bytesAtKill = job.progress.bytes;
    await wait(40); // into the middle of a part
    const pid = server.workerdPid();
    if (pid === undefined) throw new Error("There is no workerd to kill");
    process.kill(pid, "SIGKILL");
    left--;
  }
  throw new Error("The job went away");
}

describe("a job whose workerd is killed", () => {
  it.each(["format=sql&gzip=1", "format=csv&gzip=1", "format=jsonl"])("makes the same file: %s", async (options) => {
    const undisturbed = await exported(options, 0);
    expect(await exported(options, 2)).toBe(undisturbed);
    expect(sha256(await bytesOf(server, `/export/dump?${options}`))).toBe(undisturbed);
  });
});
