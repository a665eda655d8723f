/** The short form of `npm run bank`: customers never stop and workerd is killed, and each file is the bank as it stood at its start. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Bank } from "../../tools/bank/run.ts";

let bank: Bank;

beforeAll(async () => {
  bank = await Bank.open();
});
afterAll(() => bank.close());

it.each(["sql", "csv", "jsonl"] as const)("is the bank of one moment: %s", async (format) => {
  const run = await bank.run(4711, format, "snapshot", 2);
  expect(run).toMatchObject({ different: 0, consistency: "snapshot", kills: 2, left: 0 });
  expect(run.transactions).toBeGreaterThan(20);
  expect(run.slices).toBeGreaterThan(4);
});

it("is torn without a snapshot, and says so", async () => {
  const run = await bank.run(4712, "csv", "fuzzy", 1);
  expect(run.different).toBeGreaterThan(0);
  expect(run).toMatchObject({ consistency: "fuzzy", left: 0 });
});
