/** `npm run test:random -- [--minutes 30] [--seed N]`: random databases that nobody has tried before, in the real workerd. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const [minutes, seed] = [Number(values.minutes ?? 30), Number(values.seed ?? Math.floor(Math.random() * 2 ** 30))];
if (!(minutes > 0) || !Number.isSafeInteger(seed))
  throw new RangeError(`Cannot run for ${values.minutes} minutes from seed ${values.seed}: both are numbers`);
console.log(`Seed ${seed}, for ${minutes} minutes`);
const { status } = spawnSync("vitest", ["run", "--config", "vitest.random.config.ts"], {
  stdio: "inherit",
  env: { ...process.env, RANDOM_SEED: String(seed), RANDOM_MINUTES: String(minutes) },
});
process.exitCode = status ?? 1;
