/** docs/options.md and docs/errors.md hold what the code has, and nothing that is gone. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formats } from "../../formats/index.ts";
import type { Format } from "../../formats/format.ts";
import { presets } from "../../formats/presets.ts";
import { statuses } from "../../src/http/problem.ts";
import { exportOptionTable } from "../../src/options/table.ts";
import { optionsPage, optionsPagePath } from "../../tools/options-page.ts";

const root = join(import.meta.dirname, "../..");

describe("docs/options.md", () => {
  it("is what the tables of options say: run `npm run docs:options` after a change", () => {
    expect(readFileSync(optionsPagePath, "utf8")).toBe(optionsPage());
  });

  it("names each format, each of its options and each program", () => {
    expect(Object.keys(exportOptionTable.format.values)).toEqual(formats.map(({ name }) => name));
    expect(Object.keys(exportOptionTable.for.values)).toEqual(Object.keys(presets));
    const wanted = formats.flatMap((format: Format) =>
      Object.keys(format.options ?? {}).map((name) => `### \`${name}\` for ${format.name}\n`),
    );
    expect(wanted.filter((heading) => !optionsPage().includes(heading))).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const rows = [...page.matchAll(/^### `(.+)`\n\n- Status: (.+)\n- Cause: .+\n- What to do: .+$/gm)];

  it("has a row for each code of ExportError, with its HTTP status", () => {
    const told = rows.map(([, code = "", status = ""]) => [code, status]);
    expect(told).toEqual(expect.arrayContaining(Object.entries(statuses).map(([code, status]) => [code, `${status}`])));
  });

  it("has a row for each other code that a request may be answered with, and for none that is gone", () => {
    const folder = join(root, "src");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const source = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
    const written = [...source.matchAll(/\bcode: (?:\w+ === "\w+" \? )?"([a-z_]+)"/g)].map(([, code = ""]) => code);
    const all = new Set([...Object.keys(statuses), ...written, "link_expired", "link_wrong"]);
    expect(new Set(rows.map(([, code]) => code))).toEqual(all);
    expect(rows).toHaveLength(all.size);
    expect(rows).toHaveLength(page.match(/^### /gm)?.length ?? 0);
  });
});
