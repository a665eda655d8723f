/** A client that goes on with a download that was cut: never into one file of two states of the database. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import { startServer, type Server } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { cuttingProxy } from "../support/e2e/cutting-proxy.ts";
import { bytesOf, folderFor } from "../support/e2e/files.ts";

const folder = folderFor(afterAll);
let server: Server;
let auth = "";

beforeAll(async () => {
  server = await startServer();
  auth = `Authorization: Bearer ${server.token}`;
  await query(server, { sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, state, body)" });
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
  await query(server, { sql: `${rows} INSERT INTO t SELECT i, 'old', hex(randomblob(200)) FROM n` });
});
afterAll(() => server.stop());

/** Runs commands one after the other against a server that is lost in the middle of the first download, and is of another state then. */
async function interrupted(name: string, commands: readonly (readonly string[])[]) {
  await query(server, { sql: "UPDATE t SET state = 'old'" });
  const lost = () => query(server, { sql: "UPDATE t SET state = 'new'" });
  const proxy = await cuttingProxy(server.url, 2_000_000, lost);
  const file = join(folder, name);
  const put = { URL: `${proxy.url}/export/dump`, AUTH: auth, FILE: file, FOLDER: folder, NAME: name };
  const codes = [];
  for (const [command = "", ...args] of commands) {
    const filled = args.map((arg) =>
      arg.replace(/\b[A-Z]{3,6}$/, (word) => new Map(Object.entries(put)).get(word) ?? word),
    );
    codes.push((await run(command, filled)).code);
  }
  proxy.stop();
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const [old, young] = ["'old'", "'new'"].map((state) => text.includes(state));
  const isWhole = /^-- dump complete/m.test(text);
  return { last: codes.at(-1), isMixed: (old && young) || text.includes('"code"'), isWhole };
}

async function jsonOf<T>(path: string, init?: RequestInit): Promise<T> {
  return JSON.parse(Buffer.from(await bytesOf(server, path, init)).toString());
}

/** A job's file, once it is there. */
async function finished(): Promise<{ dumpId: string; downloadUrl: string }> {
  const { dumpId } = await jsonOf<{ dumpId: string }>("/export/dump", { method: "POST" });
  for (;;) {
    const job = await jsonOf<{ dumpId: string; status: string; downloadUrl: string }>(`/export/dump/${dumpId}`);
    if (job.status === "complete") return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const wget = ["wget", "-q", "--waitretry=0", "--tries=3", "--header=AUTH", "-O", "FILE"];
const curl = ["curl", "-sS", "-H", "AUTH", "-o", "FILE"];
const aria2 = [
  "aria2c",
  "-q",
  "--retry-wait=0",
  "--header=AUTH",
  "--allow-overwrite=true",
  "-d",
  "FOLDER",
  "-o",
  "NAME",
];
/** As people write it: what comes is appended to what there is. */
const script = `
import os, sys, urllib.request
url, auth, file = sys.argv[1:4]
headers = dict([auth.split(": ", 1)])
if len(sys.argv) > 4: headers["Range"] = f"bytes={os.path.getsize(file)}-"
with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer, open(file, "ab") as out:
    while chunk := answer.read(65536): out.write(chunk)
`;
const python = ["python3", "-c", script, "URL", "AUTH", "FILE"];
const axel = ["axel", "-q", "-H", "AUTH", "-o", "FILE"];

describe("a download that is cut, and asked for again when the database has changed", () => {
  it.for([
    ["wget", [[...wget, "URL"]]],
    [
      "wget -c",
      [
        [...wget, "--tries=1", "URL"],
        [...wget, "-c", "URL"],
      ],
    ],
    [
      "curl -C -",
      [
        [...curl, "URL"],
        [...curl, "-C", "-", "URL"],
      ],
    ],
    [
      "curl -f -C -",
      [
        [...curl, "URL"],
        [...curl, "-f", "-C", "-", "URL"],
      ],
    ],
    ["python3 urllib", [python]],
    ["python3 urllib with Range", [python, [...python, "-c"]]],
    [
      "axel",
      [
        [...axel, "URL"],
        [...axel, "URL"],
      ],
    ],
  ] as const)("is refused as the rest of a file, which is left as it was: %s", async ([name, commands], { skip }) => {
    if (!has(name.split(" ")[0] ?? "")) return skip(`${name} is not installed`);
    const { last, isMixed, isWhole } = await interrupted(`${name.replaceAll(/\W/g, "-")}.sql`, commands);
    expect({ isFailed: last !== 0, isMixed, isWhole }).toEqual({ isFailed: true, isMixed: false, isWhole: false });
  });

  it.for([
    ["curl --retry", [[...curl, "--retry", "3", "--retry-delay", "0", "--retry-all-errors", "URL"]]],
    ["curl --retry -C -", [[...curl, "--retry", "3", "--retry-delay", "0", "--retry-all-errors", "-C", "-", "URL"]]],
    ["aria2c", [[...aria2, "URL"]]],
    ["aria2c -x4", [[...aria2, "-x4", "-s4", "-k1M", "URL"]]],
    ["aria2c --use-head", [[...aria2, "--use-head=true", "-x4", "-k1M", "URL"]]],
  ] as const)("is begun anew, and whole: %s", async ([name, commands], { skip }) => {
    if (!has(name.split(" ")[0] ?? "")) return skip(`${name} is not installed`);
    const { last, isMixed, isWhole } = await interrupted(`${name.replaceAll(/\W/g, "-")}.sql`, commands);
    expect({ last, isMixed, isWhole }).toEqual({ last: 0, isMixed: false, isWhole: true });
  });
});

describe("the file of a job", () => {
  it.for([
    ["wget", [[...wget, "URL"]]],
    [
      "curl -C -",
      [
        [...curl, "URL"],
        [...curl, "-C", "-", "URL"],
      ],
    ],
    ["aria2c -x4", [[...aria2, "-x4", "-s4", "-k1M", "URL"]]],
    ["lftp", [["lftp", "-c", "set net:reconnect-interval-base 0; pget -n 4 -c 'URL' -o FILE"]]],
  ] as const)("is gone on with, by a link: %s", async ([name, commands], { skip }) => {
    if (!has(name.split(" ")[0] ?? "")) return skip(`${name} is not installed`);
    const { dumpId, downloadUrl } = await finished();
    const link = new URL(downloadUrl);
    const proxy = await cuttingProxy(server.url, 2_000_000, async () => {});
    link.port = new URL(proxy.url).port;
    const file = join(folder, `job-${name.replaceAll(/\W/g, "-")}.sql`);
    let code: number | null = null;
    for (const [command = "", ...args] of commands) {
      const fill = (arg: string) =>
        arg
          .replace("URL", link.href)
          .replace("FILE", file)
          .replace("FOLDER", folder)
          .replace(/^NAME$/, file.slice(folder.length + 1));
      code = (
        await run(
          command,
          args.map(fill).filter((arg) => !/AUTH|^-H$/.test(arg)),
        )
      ).code;
    }
    proxy.stop();
    expect(code).toBe(0);
    expect(readFileSync(file).equals(await bytesOf(server, `/export/dump/${dumpId}/download`))).toBe(true);
    if (name !== "lftp") expect(proxy.requests.some((one) => one.includes("Range"))).toBe(true);
  });

  it("is not gone on with when it was deleted and another one made meanwhile", async () => {
    const [{ dumpId, downloadUrl }, file] = [await finished(), join(folder, "deleted.sql")];
    const link = new URL(downloadUrl);
    const proxy = await cuttingProxy(server.url, 2_000_000, async () => {
      await server.fetch(`/export/dump/${dumpId}`, { method: "DELETE" });
      await query(server, { sql: "UPDATE t SET state = 'later'" });
      expect((await finished()).dumpId).not.toBe(dumpId);
    });
    link.port = new URL(proxy.url).port;
    if (has("wget")) {
      expect((await run("wget", ["-q", "--waitretry=0", "-O", file, link.href])).code).not.toBe(0);
      expect(readFileSync(file, "utf8")).not.toMatch(/'later'|dump complete|not_found/);
    }
    proxy.stop();
  });
});

describe("what asks for the headers first", () => {
  it.for([
    ["wget", "--spider", "-q"],
    ["curl", "-sSfI"],
    ["aria2c", "-q", "--use-head=true", "--allow-overwrite=true", "-d", folder, "-o", "head"],
  ] as const)("is answered through a link and with the token: %s %s", async ([command, ...args], { skip }) => {
    if (!has(command)) return skip(`${command} is not installed`);
    const { downloadUrl } = await finished();
    const header = command === "curl" ? ["-H", auth] : [`--header=${auth}`];
    expect((await run(command, [...args, downloadUrl])).code).toBe(0);
    expect((await run(command, [...args, ...header, `${server.url}/export/dump`])).code).toBe(0);
  });
});
