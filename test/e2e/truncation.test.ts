/** A download that fails behind its first byte is cut off: curl and every reader of the file can tell. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import { startServer, type Server } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { folderFor } from "../support/e2e/files.ts";

const folder = folderFor(afterAll);
let server: Server;

beforeAll(async () => {
  server = await startServer();
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
  for (const table of ["one", "two"]) {
    await query(server, { sql: `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, bytes BLOB)` });
    for (let round = 0; round < 3; round++)
      await query(server, { sql: `${rows} INSERT INTO ${table} (bytes) SELECT randomblob(1000) FROM n` });
  }
});
afterAll(() => server.stop());

describe.runIf(has("curl"))("a download whose schema changes in its middle", () => {
  it.each([
    ["format=sql", "cut.sql", "grep", ["-c", "^-- dump complete"]],
    ["format=sql&gzip=1", "cut.sql.gz", "gzip", ["-t"]],
    ["format=sql&compress=zstd", "cut.sql.zst", "zstd", ["-tq"]],
    ["format=csv", "cut.zip", "unzip", ["-tq"]],
  ])("ends with curl's exit code 18, and is no whole file: %s", async (options, name, command, args) => {
    const file = join(folder, name);
    const auth = `Authorization: Bearer ${server.token}`;
    const url = `${server.url}/export/dump?${options}`;
    const download = run("curl", ["-sSf", "--limit-rate", "24M", "-o", file, "-H", auth, url]);
    await wait(500);
    await query(server, { sql: `CREATE TABLE "${name}" (a)` });
    const { code, stderr } = await download;
    expect([code, stderr]).toEqual([18, expect.stringContaining("transfer closed")]);
    if (has(command)) expect((await run(command, [...args, file])).code).not.toBe(0);
  });
});
