/** What docs/proxies.md says of nginx in front of the Worker: with which settings a cut download is seen to be cut. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import { freePort, startServer, type Server } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { cuttingProxy } from "../support/e2e/cutting-proxy.ts";
import { folderFor } from "../support/e2e/files.ts";

const folder = folderFor(afterAll);
let server: Server;

beforeAll(async () => {
  server = await startServer();
  await query(server, { sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, body)" });
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
  await query(server, { sql: `${rows} INSERT INTO t SELECT i, hex(randomblob(200)) FROM n` });
});
afterAll(() => server.stop());

/** nginx gives up root's rights, and its temporary files lie in a folder of root's. */
const user = process.getuid?.() === 0 ? "user root;" : "";

/** Downloads through nginx with these settings, from a server that is lost after so many bytes. */
async function through(settings: string, curl: readonly string[], path = "/export/dump", bytes = 1_000_000) {
  const proxy = await cuttingProxy(server.url, bytes, async () => {});
  const [port, place] = [await freePort(), join(folder, String(bytes) + Math.trunc(performance.now()))];
  mkdirSync(place);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${place};`);
  const cache = `proxy_cache_path ${place}/cache keys_zone=z:1m;`;
  const location = `location / { proxy_pass ${proxy.url}; ${settings} }`;
  const http = `access_log off; ${temporary.join(" ")} ${cache} server { listen 127.0.0.1:${port}; ${location} }`;
  writeFileSync(join(place, "conf"), `${user} daemon off; pid ${place}/pid; events {} http { ${http} }`);
  const nginx = spawn("nginx", ["-c", join(place, "conf"), "-e", join(place, "log")], { stdio: "ignore" });
  const ended = new Promise((resolve) => nginx.once("exit", resolve));
  const file = join(place, "file");
  const auth = `Authorization: Bearer ${server.token}`;
  const retry = ["--retry", "20", "--retry-connrefused", "--retry-delay", "1"];
  const { code } = await run("curl", [
    "-sSf",
    ...retry,
    ...curl,
    "-H",
    auth,
    "-o",
    file,
    `http://127.0.0.1:${port}${path}`,
  ]);
  nginx.kill();
  await ended;
  proxy.stop();
  return { code, file, requests: proxy.requests };
}

describe.runIf(has("nginx") && has("curl"))("a download that is cut, through nginx", () => {
  it.each(["proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_buffering off;"])(
    "is seen to be cut with %s",
    async (settings) => {
      expect((await through(settings, [])).code).toBe(18);
    },
  );

  // what nobody can see here: if one of these ever fails, docs/proxies.md promises too little
  it("ends like a whole one over HTTP/1.0, but for gzip", async () => {
    const gzip = await through("proxy_http_version 1.0;", [], "/export/dump?gzip=1");
    expect(gzip.code).toBe(0);
    expect((await run("gzip", ["-t", gzip.file])).code).not.toBe(0);
  });

  it("is refused where nginx tells that it is asked over HTTP/1.0", async () => {
    const settings = "proxy_http_version 1.1; proxy_set_header Via '$server_protocol nginx';";
    expect((await through(settings, ["--http1.0"])).code).toBe(22);
    expect((await through(settings, [], "/export/dump", 10_000_000)).code).toBe(0);
  });

  it("is not asked for a part unless nginx, as it keeps copies, is told to hand that on", async () => {
    const cache = "proxy_http_version 1.1; proxy_cache z;";
    const range = "proxy_set_header Range $http_range;";
    expect((await through(cache + range, ["-r", "100-"])).code).toBe(22);
    const { code, requests } = await through(cache, ["-r", "100-"], "/export/dump", 10_000_000);
    expect([code, requests]).toEqual([0, [expect.not.stringContaining("Range")]]);
  });
});
