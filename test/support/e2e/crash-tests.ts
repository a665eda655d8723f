/** The short form of `npm run crash`: killed at every named step and at random, a job makes the same file and leaves nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { databaseFile } from "../../../tools/bench/data.ts";
import { CrashHarness } from "../../../tools/crash/harness.ts";
import { folderFor } from "./files.ts";

/** Describes jobs, by their options, each of which is killed again and again. */
export function describeCrashes(jobs: readonly string[]): void {
  const folder = folderFor(afterAll);
  let harness: CrashHarness;

  beforeAll(async () => {
    harness = await CrashHarness.start(databaseFile(folder, "mix", 15_000_000), 7);
  });

  describe("a job whose workerd is killed", () => {
    it.each(jobs)("makes the same file: %s", async (job) => {
      const { kills, parts, sha256, expected } = await harness.run(job, 2);
      expect(kills.length).toBeGreaterThan(parts === 1 ? 8 : 10);
      expect(kills).toContain("complete answered");
      expect(sha256).toBe(expected);
    });

    it("leaves nothing behind but uploads that R2 had begun and never told of", async () => {
      expect(await harness.stop()).toEqual({ rows: 0, objects: 0, uploads: jobs.length });
    });
  });
}
