/** `npm run test:random -- [undo] [hosts] [--minutes 30] [--seed N]`: random databases and hosts that nobody has tried before, in the real workerd. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" } },
  allowPositionals: true,
});
const [minutes, seed] = [Number(values.minutes ?? 30), Number(values.seed ?? Math.floor(Math.random() * 2 ** 30))];
if (!(minutes > 0) || !Number.isSafeInteger(seed))
  throw new RangeError(`Cannot run for ${values.minutes} minutes from seed ${values.seed}: both are numbers`);
console.log(`Seed ${seed}, for ${minutes} minutes`);
const { status } = spawnSync("vitest", ["run", "--config", "vitest.random.config.ts", ...positionals], {
  stdio: "inherit",
  env: { ...process.env, RANDOM_SEED: String(seed), RANDOM_MINUTES: String(minutes) },
});
process.exitCode = status ?? 1;
