/** `npm run bank [-- --seeds 20] [--kills 2]`: exports while customers write and workerd is killed; each file is the bank at its start. */
import { Bank, type BankRun } from "./bank/run.ts";
import { optionsOf, wholeNumber } from "./lib/options.ts";

const values = optionsOf(
  `npm run bank -- [--seeds 20] [--kills 2]: exports while customers move money and workerd is killed; every row as it was at the start`,
  {
    options: { seeds: { type: "string", default: "20" }, kills: { type: "string", default: "2" } },
  },
);
const [seeds, kills] = [wholeNumber("seeds", values.seeds, 1), wholeNumber("kills", values.kills, 0)];
const bank = await Bank.open();
let wrong = 0;
console.log(
  "| | seed | rows not as at the start | transactions meanwhile | kills | slices seen | seconds | left |\n| --- | --: | --: | --: | --: | --: | --: | --: |",
);
const line = (what: string, seed: number, run: BankRun) =>
  console.log(
    `| ${what} | ${seed} | ${run.different} | ${run.transactions} | ${run.kills} | ${run.slices} | ${run.seconds.toFixed(1)} | ${run.left} |`,
  );
try {
  for (let seed = 1; seed <= seeds; seed++) {
    for (const format of ["sql", "csv", "jsonl"] as const) {
      const run = await bank.run(seed, format, "snapshot", kills);
      line(format, seed, run);
      if (run.different > 0 || run.left > 0 || run.consistency !== "snapshot") wrong++;
    }
  }
  const torn = await bank.run(seeds + 1, "csv", "fuzzy", kills);
  line("csv, fuzzy", seeds + 1, torn);
  if (torn.different === 0 || torn.consistency !== "fuzzy") wrong++;
} finally {
  await bank.close();
}
console.log(`\n${wrong} runs not as they should be`);
if (wrong > 0) process.exitCode = 1;
