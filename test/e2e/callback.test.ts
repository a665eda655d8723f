/** Whoever wants to know is told how a job ended: by a real receiver that answers, fails, hangs, redirects or has gone. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpsServer } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { query } from "../../tools/lib/database.ts";
import { freePort, startServer, type Server } from "../../tools/lib/server.ts";
import { folderFor } from "../support/e2e/files.ts";

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = Buffer.from("a secret of twenty-four bytes").toString("base64");
const folder = folderFor(afterAll);
let server: Server;
let receiver: HttpsServer;
let base: string;
const received: Received[] = [];
let isHanging = false;
const callsTo = (path: string) => received.filter((one) => one.path === path);

beforeAll(async () => {
  const port = await freePort();
  base = `https://localhost:${port}`;
  const pems = await generate([{ name: "commonName", value: "localhost" }], {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, digitalSignature: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
    algorithm: "sha256",
  });
  const certificate = join(folder, "certificate.pem");
  writeFileSync(certificate, pems.cert);
  receiver = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data.toString()));
    request.on("end", () => {
      const path = request.url ?? "";
      received.push({ path, headers: request.headers, body });
      const isFirst = callsTo(path).length === 1;
      if (path.startsWith("/hang") && isFirst) {
        isHanging = true;
        response.once("close", () => (isHanging = false));
        return;
      }
      if (path.startsWith("/redirect")) response.writeHead(302, { Location: `${base}/elsewhere` });
      else response.writeHead(path.startsWith("/gone") ? 410 : path.startsWith("/fail") && isFirst ? 500 : 200);
      response.end("x".repeat(1000));
    });
  });
  await new Promise<void>((resolve) => receiver.listen(port, "localhost", resolve));
  server = await startServer({
    vars: { EXPORT_CALLBACK_HOSTS: `localhost:${port}, hooks.example`, EXPORT_CALLBACK_SECRET: `whsec_${secret}` },
    env: { NODE_EXTRA_CA_CERTS: certificate },
  });
  await query(server, { sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)" });
});
afterAll(async () => {
  await server.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

interface Status {
  readonly dumpId: string;
  readonly status: string;
  readonly callback: { readonly status: string; readonly attempts: number; readonly error: string | null };
}

async function start(path: string): Promise<string> {
  const response = await server.fetch(`/export/dump?callback=${encodeURIComponent(base + path)}`, { method: "POST" });
  const { dumpId }: Status = await response.json();
  return dumpId;
}

async function statusOf(dumpId: string): Promise<Status> {
  return (await server.fetch(`/export/dump/${dumpId}`)).json();
}

async function settled(dumpId: string, status: string): Promise<Status> {
  await vi.waitFor(async () => expect((await statusOf(dumpId)).callback.status).toBe(status), {
    timeout: 40_000,
    interval: 200,
  });
  return statusOf(dumpId);
}

describe("a callback", () => {
  it("tells that a job is complete, signed as Standard Webhooks has it", async () => {
    const dumpId = await start("/ok");
    expect((await settled(dumpId, "delivered")).callback).toMatchObject({ attempts: 1, error: null });
    const [message, ...more] = callsTo("/ok");
    expect(more).toEqual([]);
    if (message === undefined) throw new Error("Nothing was received");
    const { headers, body } = message;
    expect(JSON.parse(body)).toMatchObject({
      type: "dump.complete",
      data: { dumpId, status: "complete", result: { rows: { t: 2 } } },
    });
    const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
    const signature = createHmac("sha256", Buffer.from(secret, "base64")).update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
    expect(JSON.stringify(message)).not.toContain(server.token);
  });

  it("is made again where the receiver fails or hangs, with the same id, and holds no job up", async () => {
    const [failing, hanging] = [await start("/fail"), await start("/hang")];
    await vi.waitFor(() => expect(callsTo("/hang")).toHaveLength(1), { timeout: 20_000 });
    const next = await start("/ok-meanwhile");
    await settled(next, "delivered");
    expect(isHanging).toBe(true); // a job began and ended, and its call was made, while that one was open
    expect((await statusOf(hanging)).callback).toMatchObject({ status: "waiting", attempts: 1 });
    expect((await settled(failing, "delivered")).callback).toMatchObject({ attempts: 2, error: null });
    expect((await settled(hanging, "delivered")).callback).toMatchObject({ attempts: 2 });
    for (const path of ["/fail", "/hang"]) {
      const [first, second] = callsTo(path);
      expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    }
  });

  it("follows no redirect, and stops where the receiver has gone", async () => {
    const redirected = await start("/redirect");
    await vi.waitFor(
      async () => {
        expect((await statusOf(redirected)).callback.error).toBe(
          "The receiver answered 302, and redirects are not followed",
        );
      },
      { timeout: 20_000 },
    );
    expect(callsTo("/elsewhere")).toEqual([]);
    const gone = await start("/gone");
    expect((await settled(gone, "failed")).callback).toMatchObject({ attempts: 1, error: "The receiver answered 410" });
  });

  it("tells of a job that is cancelled", async () => {
    await query(server, {
      sql: "CREATE TABLE big (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO big SELECT randomblob(2000) FROM n",
    });
    const dumpId = await start("/cancelled");
    await server.fetch(`/export/dump/${dumpId}`, { method: "DELETE" });
    await settled(dumpId, "delivered");
    expect(JSON.parse(callsTo("/cancelled")[0]?.body ?? "")).toMatchObject({
      type: "dump.cancelled",
      data: { dumpId },
    });
  });

  it("tells of a job that failed, and why", async () => {
    const dumpId = await start("/failed");
    await query(server, { sql: "ALTER TABLE t ADD COLUMN b" });
    await settled(dumpId, "delivered");
    const message: unknown = JSON.parse(callsTo("/failed")[0]?.body ?? "");
    expect(message).toMatchObject({ type: "dump.failed", data: { dumpId, error: { code: "schema_changed" } } });
  });

  it.each([
    ["http://localhost/x", "it is no https: URL"],
    ["https://other.example/x", "its host is not allowed"],
    ["https://hooks.example:8443/x", "its host is not allowed"],
    ["https://hooks.example.evil.example/x", "its host is not allowed"],
    ["https://hooks.example@evil.example/x", "it holds a name or a password"],
    ["https://127.0.0.1/x", "its host is not allowed"],
    ["file:///etc/passwd", "it is no https: URL"],
    ["nonsense", "it is no https: URL"],
  ])("is refused for %s", async (url, why) => {
    const before = await (await server.fetch("/export/dumps")).text();
    const response = await server.fetch(`/export/dump?callback=${encodeURIComponent(url)}`, { method: "POST" });
    const problem: { readonly detail: string } = await response.json();
    const { detail } = problem;
    expect([response.status, problem]).toMatchObject([400, { code: "invalid_option", option: "callback" }]);
    expect(detail).toContain(why);
    expect((await (await server.fetch("/export/dumps")).text()).length).toBe(before.length);
  });
});
