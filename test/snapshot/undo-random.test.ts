/**
 * An undo log over random tables: the rows of a random moment come back, whatever is written, and however often the object is lost. The same
 * databases each time; `npm run test:random` draws others.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changesNothing, Databases, givesBack } from "../support/undo-properties.ts";

describe("an undo log of random tables", () => {
  it.each([
    ["sql", 1],
    ["csv", 2],
    ["jsonl", 3],
  ] as const)("gives them back as they were, or names them: %s", async (format, seed) => {
    const databases = new Databases();
    await fc.assert(givesBack(format, databases), { numRuns: 200, seed });
    expect(databases.of("kept")).toBeGreaterThan(70);
    expect(databases.of("kept and changed")).toBeGreaterThan(50);
    if (format !== "sql") expect(databases.of("cannot be read")).toBeGreaterThan(5);
    expect(databases.of("kept, and a row was lost unseen")).toBeLessThan(databases.of("kept") / 6);
    expect(databases.of("not kept, and a mixture")).toBeGreaterThan(5);
    expect(databases.of("broken trigger")).toBeGreaterThan(4);
  });

  it("changes nothing of what the host's statements do, but what any trigger does", async () => {
    const databases = new Databases();
    await fc.assert(changesNothing(databases), { numRuns: 200, seed: 6 });
    const [failed, done] = [databases.of("failed"), databases.of("done")];
    expect(failed).toBeGreaterThan((failed + done) / 20);
    expect(done).toBeGreaterThan((failed + done) / 20);
    expect(databases.of("as with any trigger")).toBeLessThan(200 / 10);
  });
});
