/** New random databases for an undo log, until time is up; a counterexample is to become a case of its own. */
import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { changesNothing, Databases, givesBack } from "../support/undo-properties.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The first seed; each round takes the next four. */
    readonly seed: number;
    readonly minutes: number;
  }
}

const runsPerRound = 250;

it("finds no database that an undo log gets wrong", async () => {
  const [first, end] = [inject("seed"), Date.now() + inject("minutes") * 60_000];
  const formats = ["sql", "csv", "jsonl"] as const;
  const databases = new Map([...formats, "compared"].map((name) => [name, new Databases()]));
  const of = (name: string) => databases.get(name) ?? new Databases();
  let drawn = 0;
  for (let seed = first; Date.now() < end; seed += formats.length + 1) {
    for (const [at, format] of formats.entries())
      await fc.assert(givesBack(format, of(format)), { seed: seed + at, numRuns: runsPerRound });
    await fc.assert(changesNothing(of("compared")), { seed: seed + formats.length, numRuns: runsPerRound });
    drawn += (formats.length + 1) * runsPerRound;
    console.log(`${drawn} databases, seeds ${first} to ${seed + formats.length}`);
  }
  for (const [name, { counts }] of databases) console.log(name, Object.fromEntries(counts));
  expect(drawn).toBeGreaterThan(0);
});
