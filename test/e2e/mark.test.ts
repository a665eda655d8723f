/** Under `wrangler dev` a header of a caller's becomes `request.cf`: what bears the exporter's mark in it is still not the exporter's. */
import { expect, it } from "vitest";
import { startTestServer } from "../support/e2e/d1-targets.ts";

it("a mark that a caller has sent is none", async () => {
  const server = await startTestServer();
  try {
    for (const name of ["MF-CF-Blob", "mf-cf-blob"]) {
      const headers = { Authorization: "none", [name]: JSON.stringify({ durableExport: true }) };
      const response = await fetch(`${server.url}/direct`, { headers });
      expect([response.status, await response.json()]).toMatchObject([403, { code: "forbidden" }]);
    }
    const ask = (headers: Record<string, string>) => server.fetch("/export/dump?content=schema", { headers });
    expect((await ask({})).status).toBe(200);
    expect((await ask({ "MF-CF-Blob": "{}" })).status).toBe(200); // it makes no request of the exporter's another's, either
  } finally {
    await server.stop();
  }
});
