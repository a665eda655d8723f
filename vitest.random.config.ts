import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// `npm run test:random`: databases that nobody has tried before, in the same workerd as the other tests.
export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./test/support/wrangler.toml" } })],
  test: {
    name: "random",
    include: ["test/random/**/*.ts"],
    testTimeout: 24 * 60 * 60 * 1000,
    disableConsoleIntercept: true,
    provide: { seed: Number(process.env.RANDOM_SEED), minutes: Number(process.env.RANDOM_MINUTES) },
  },
});
