/**
 * An undo log over random tables: the rows of a random moment come back, whatever is written, and however often the object is lost. The same
 * databases each time; `npm run test:random` draws others.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byThoroughness } from "../support/thorough.ts";
import { changesNothing, Databases, givesBack } from "../support/undo-properties.ts";

const runs = byThoroughness(100, 200);
/** How many databases must have shown something, of so many of 200. */
const outOf200 = (databases: number) => (databases * runs) / 200;

describe("an undo log of random tables", () => {
  it.each([
    ["sql", 1],
    ["csv", 2],
    ["jsonl", 3],
  ] as const)("gives them back as they were, or names them: %s", async (format, seed) => {
    const databases = new Databases();
    await fc.assert(givesBack(format, databases), { numRuns: runs, seed });
    expect(databases.of("kept")).toBeGreaterThan(outOf200(70));
    expect(databases.of("kept and changed")).toBeGreaterThan(outOf200(50));
    if (format !== "sql") expect(databases.of("cannot be read")).toBeGreaterThan(outOf200(5));
    expect(databases.of("kept, and a row was lost unseen")).toBeLessThan(databases.of("kept") / 6);
    expect(databases.of("not kept, and a mixture")).toBeGreaterThan(outOf200(5));
    expect(databases.of("broken trigger")).toBeGreaterThan(outOf200(4));
  });

  it("changes nothing of what the host's statements do, but what any trigger does", async () => {
    const databases = new Databases();
    await fc.assert(changesNothing(databases), { numRuns: runs, seed: 6 });
    const [failed, done] = [databases.of("failed"), databases.of("done")];
    expect(failed).toBeGreaterThan((failed + done) / 20);
    expect(done).toBeGreaterThan((failed + done) / 20);
    expect(databases.of("as with any trigger")).toBeLessThan(runs / 10);
  });
});
