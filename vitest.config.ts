import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// Two kinds of tests: inside workerd, with real SQLite, R2 and alarms; and in Node, against a Worker that runs beside
// it, for the readers that workerd does not have (node:sqlite) and for what only happens from outside (a kill).
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./test/support/wrangler.toml" } })],
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**"],
          testTimeout: 60_000,
          setupFiles: ["test/support/seed.ts"],
        },
      },
      {
        test: {
          name: "node",
          include: ["test/e2e/**/*.test.ts"],
          setupFiles: ["test/support/seed.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
