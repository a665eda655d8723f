/** What a snapshot keeps is looked at also while nobody reads, and no slice runs: `maxUndoBytes` is a bound, not a wish. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { Exporter } from "../../src/exporter.ts";
import { MiB } from "../../src/base/units.ts";
import { inTestHost, filledTestHost, finished, leftovers, options, run } from "../support/jobs.ts";

describe("the limit of what a snapshot keeps", () => {
  it.each([
    ["rows that are changed", "UPDATE t SET b = randomblob(2000) WHERE a % 10 = ?"],
    ["rows that are deleted, by which the database does not grow", "DELETE FROM t WHERE a % 10 = ?"],
  ])("cuts a download whose client reads nothing: %s", async (_, change) => {
    const stub = env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
    await runInDurableObject(stub, async (_object, ctx) => {
      const { sql } = ctx.storage;
      sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
      sql.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO t SELECT i, randomblob(2000) FROM n",
      );
      const exporter = new Exporter(ctx, { maxUndoBytes: MiB });
      const reader = exporter.dump(options()).body.getReader();
      await reader.read();
      const kept = () => sql.exec("SELECT name FROM sqlite_schema WHERE name GLOB '_durable_export_undo_*'").toArray();
      expect(kept().length).toBeGreaterThan(0);
      for (let n = 0; n < 10; n++) sql.exec(change, n);
      await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 10_000 });
      await expect(reader.read()).rejects.toMatchObject({ code: "snapshot_too_old" });
    });
  });

  it.each(["fail", "fuzzy"] as const)("holds for a job that waits for R2: %s", async (onUndoLimit) => {
    const stub = await filledTestHost(3000);
    const { dumpId } = await inTestHost(stub, async ({ exporter }, { storage: { sql } }) => {
      const job = await exporter.start({ ...options(), onUndoLimit });
      // its next slice is an hour away, as it would be some minutes where R2 has failed
      sql.exec("UPDATE _durable_export_jobs SET job = json_set(job, '$.wakeMs', ?)", Date.now() + 250_000);
      sql.exec("DELETE FROM files");
      return job;
    });
    if (onUndoLimit === "fail") {
      await vi.waitFor(async () => expect(await leftovers(stub)).toEqual([]), { timeout: 20_000, interval: 200 });
      const [job] = await inTestHost(stub, ({ exporter }) => exporter.list());
      expect(job).toMatchObject({ dumpId, status: "failed", error: { code: "snapshot_too_old" } });
    } else expect(await finished(stub, dumpId)).toMatchObject({ status: "complete", consistency: "fuzzy" });
    expect(await run(stub, "SELECT count(*) AS n FROM files")).toEqual([{ n: 0 }]);
  });
});
