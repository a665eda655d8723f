import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// Two kinds of tests: inside workerd, with real SQLite, R2 and alarms; and in Node, against a Worker that runs beside
// it, for the readers that workerd does not have (node:sqlite) and for what only happens from outside (a kill).
// `npm test` runs `workerd` and `node`, `npm run test:long` both of `long`, `npm run test:readers` the programs of other
// people's. Tests with random cases run in `npm test` and, with more of them, in `npm run test:long`.
const inWorkerd = {
  plugins: [cloudflareTest({ wrangler: { configPath: "./test/support/wrangler.toml" } })],
};
const setupFiles = ["test/support/seed.ts"];
const globalSetup = ["test/support/quiet.ts"];
const alsoThorough = [
  "test/**/*random*.test.ts",
  "test/job/crashes.test.ts",
  "test/snapshot/undo-cases.test.ts",
  "test/snapshot/virtual-columns-shown.test.ts",
];
const outside = ["test/e2e/**", "test/long/**", "test/readers/**"];
const node = { setupFiles, testTimeout: 180_000, hookTimeout: 180_000 };
/** Behind the others, one file at a time: a program of other people's may be there once only. */
const alone = { maxWorkers: 1, sequence: { groupOrder: 1 } };
const usual = { provide: { isThorough: false } };
const thorough = { provide: { isThorough: true } };

export default defineConfig({
  test: {
    // Vitest would leave one of two cores idle; many tests wait, for alarms and for servers.
    maxWorkers: 2,
    projects: [
      {
        ...inWorkerd,
        test: {
          ...usual,
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: outside,
          testTimeout: 60_000,
          globalSetup,
          setupFiles,
        },
      },
      { test: { ...node, ...usual, name: "node", include: ["test/e2e/**/*.test.ts"] } },
      {
        ...inWorkerd,
        test: {
          ...thorough,
          name: "long-workerd",
          include: alsoThorough,
          exclude: outside,
          testTimeout: 300_000,
          globalSetup,
          setupFiles,
        },
      },
      {
        test: {
          ...node,
          ...thorough,
          name: "long",
          ...alone,
          include: ["test/long/**/*.test.ts", "test/e2e/**/*-random.test.ts"],
        },
      },
      { test: { ...node, ...thorough, name: "readers", ...alone, include: ["test/readers/*.test.ts"] } },
    ],
  },
});
