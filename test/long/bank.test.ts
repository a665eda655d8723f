/** The bank of `test/e2e/bank.test.ts` in the other formats, and without a snapshot, which proves that the comparison sees a torn file. */
import { expect, it } from "vitest";
import { itIsTheBankOfOneMoment, openBank } from "../support/e2e/bank-tests.ts";

const bank = openBank();
itIsTheBankOfOneMoment(bank, ["csv", "jsonl"]);

it("is torn without a snapshot, and says so", async () => {
  const run = await bank().run(4712, "csv", "fuzzy", 1);
  expect(run.different).toBeGreaterThan(0);
  expect(run).toMatchObject({ consistency: "fuzzy", left: 0 });
});
