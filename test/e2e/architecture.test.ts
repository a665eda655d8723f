/** Which room may import which: see docs/architecture.md. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Folders, and single files that belong to none. Each may import those that it names here, and only rooms above it. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  formats: [],
  "formats/kit": ["formats"],
  "formats/csv": ["formats", "formats/kit"],
  "formats/jsonl": ["formats", "formats/kit"],
  "formats/sql/definitions": ["formats", "formats/kit"],
  "formats/sql": ["formats", "formats/kit", "formats/sql/definitions"],
  "formats/presets.ts": ["formats", "formats/csv", "formats/jsonl", "formats/sql"],
  "formats/index.ts": ["formats", "formats/presets.ts", "formats/csv", "formats/jsonl", "formats/sql"],
  "src/base": [],
  "src/platform-limits.ts": [],
  "src/errors.ts": ["formats/kit"],
  "src/format-kit.ts": ["formats", "formats/kit"],
  "src/schema": ["src/base", "src/errors.ts", "formats", "formats/kit"],
  "src/reader": ["src/base", "src/errors.ts", "src/platform-limits.ts", "src/schema", "formats", "formats/kit"],
  "src/snapshot": [
    "src/base",
    "src/errors.ts",
    "src/platform-limits.ts",
    "src/schema",
    "src/reader",
    "formats",
    "formats/kit",
  ],
  "src/pack": ["src/base", "formats/kit"],
  "src/sink": ["src/errors.ts"],
  "src/webhook": ["src/base", "src/errors.ts"],
  "src/options": ["src/errors.ts", "src/pack", "formats", "formats/kit", "formats/presets.ts"],
  "src/file": ["src/options", "src/base", "src/errors.ts", "src/pack", "src/reader", "formats", "formats/kit"],
  "src/download": ["src/base", "src/errors.ts", "src/file", "src/schema", "src/snapshot", "formats", "formats/kit"],
  "src/format-contract": ["src/file", "src/reader", "formats", "formats/index.ts", "formats/kit"],
  "src/testing.ts": ["src/format-contract", "formats"],
  "src/job": [
    "src/options",
    "src/base",
    "src/errors.ts",
    "src/file",
    "src/pack",
    "src/platform-limits.ts",
    "src/reader",
    "src/schema",
    "src/sink",
    "src/snapshot",
    "src/webhook",
    "formats",
    "formats/kit",
  ],
  "src/alarm": ["src/base", "src/schema"],
  "src/http": ["src/options", "src/base", "src/errors.ts"],
  "src/exporter-options.ts": ["src/job", "src/reader", "src/sink", "formats"],
  "src/exporter.ts": [
    "src/exporter-options.ts",
    "src/alarm",
    "src/options",
    "src/base",
    "src/download",
    "src/errors.ts",
    "src/file",
    "src/http",
    "src/job",
    "src/reader",
    "src/schema",
    "src/sink",
    "src/snapshot",
    "src/webhook",
    "formats",
    "formats/index.ts",
  ],
  "src/index.ts": [
    "src/job",
    "src/options",
    "src/reader",
    "src/sink",
    "src/errors.ts",
    "src/exporter-options.ts",
    "src/exporter.ts",
    "src/http",
    "formats",
    "formats/index.ts",
  ],
  "src/worker": ["src/base", "src/errors.ts", "src/exporter.ts", "src/http", "src/options"],
};

/** Files of the root of `formats/` are the contract that all formats share, but for the list of them. */
function roomOf(file: string): string {
  if (file === "src/api.ts") return "src/options"; // its types follow from the table of the options
  if (file in rooms) return file;
  return dirname(file);
}

/** `importer -> imported`, for each pair of rooms in the source, types included. */
function importsBetweenRooms(): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const file of globSync("{src,formats}/**/*.ts", { cwd: root })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, path = ""] of text.matchAll(/^(?:import|export|\}) ?[^;"]*?from "(\.[^"]+)";$/gm)) {
      const [importer, imported] = [roomOf(file), roomOf(join(dirname(file), path))];
      if (importer !== imported) pairs.add(`${importer} -> ${imported}`);
    }
  }
  return pairs;
}

describe("the rooms of the source", () => {
  it("stand in an order in which no room imports one below it, so that there are no circles", () => {
    const names = Object.keys(rooms);
    const upward = Object.entries(rooms).flatMap(([room, imported], index) =>
      imported
        .filter((name) => names.indexOf(name) >= index || !names.includes(name))
        .map((name) => `${room} -> ${name}`),
    );
    expect(upward).toEqual([]);
  });

  it("import no others than they may", () => {
    const allowed = new Set(
      Object.entries(rooms).flatMap(([room, imported]) => imported.map((name) => `${room} -> ${name}`)),
    );
    expect([...importsBetweenRooms()].filter((pair) => !allowed.has(pair))).toEqual([]);
  });
});
