/** The short form of `npm run bank`: customers never stop and workerd is killed, and each file is the bank as it stood at its start. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Bank } from "../../../tools/bank/run.ts";

/** A bank for the tests of a file; it is closed behind them. */
export function openBank(): () => Bank {
  let bank: Bank | undefined;
  beforeAll(async () => {
    bank = await Bank.open();
  });
  afterAll(() => bank?.close());
  return () => {
    if (bank === undefined) throw new Error("The bank is not open yet");
    return bank;
  };
}

/** Adds a test for each format. */
export function itIsTheBankOfOneMoment(bank: () => Bank, formats: readonly ("sql" | "csv" | "jsonl")[]): void {
  it.each(formats)("is the bank of one moment: %s", async (format) => {
    const run = await bank().run(4711, format, "snapshot", 2);
    expect(run).toMatchObject({ different: 0, consistency: "snapshot", kills: 2, left: 0 });
    expect(run.transactions).toBeGreaterThan(20);
    expect(run.slices).toBeGreaterThan(4);
  });
}
