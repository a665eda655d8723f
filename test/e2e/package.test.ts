/** The package as npm would publish it, installed into an empty project: its types, its entries, its files, and the pages' code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderFor } from "../support/e2e/files.ts";
import { bundle, makeHost, packedFiles, typeErrors } from "../support/e2e/packed-host.ts";
import { blocks } from "../support/e2e/pages.ts";

const [code = "", ...others] = ["README.md", "docs/embedding.md"].flatMap((page) => blocks(page, "ts"));

const folder = folderFor(afterAll);

beforeAll(async () => {
  const files = {
    "env.d.ts": "interface Env { DATABASE: DurableObjectNamespace; EXPORTS: R2Bucket; EXPORT_TOKEN: string }\n",
    "index.ts": code,
    ...Object.fromEntries(others.map((block, index) => [`embedding-${index + 1}.ts`, block])),
    "entries.ts": `
      import * as main from "durable-export";
      import * as kit from "durable-export/format-kit";
      import type { Format } from "durable-export/testing";
      export const first: Format | undefined = main.formats[0];
      export const name: string = kit.quoteName("a");
    `,
  };
  await makeHost(folder, files, blocks("README.md", "toml")[0] ?? "");
});

describe("the packed package in an empty project", () => {
  it("type-checks with the code of the pages, with the declarations it brings along checked too", async () => {
    expect(others.length).toBeGreaterThanOrEqual(6);
    expect(await typeErrors(folder)).toBe("");
  });

  it("type-checks as Node resolves modules", async () => {
    expect(await typeErrors(folder, { module: "node16", moduleResolution: "node16" })).toBe("");
  });

  it("is bundled by wrangler", async () => {
    expect(await bundle(folder)).toMatchObject({ code: 0 });
  });

  it("uses the Hono of the project, and brings none", () => {
    const manifest = readFileSync(join(folder, "node_modules/durable-export/package.json"), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ peerDependencies: { hono: expect.any(String) }, sideEffects: false });
    expect(Object.keys(JSON.parse(manifest).dependencies)).toEqual(["fflate"]);
  });

  it("holds the code flat, its sources for the maps, its licence and its promises, and no test or tool", () => {
    const names = packedFiles(folder);
    const entries = ["index", "format-kit", "testing"].flatMap((entry) => [
      `${entry}.js`,
      `${entry}.d.ts`,
      `${entry}.d.ts.map`,
    ]);
    const wanted = [...entries.map((name) => `dist/${name}`), "LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md"];
    expect(names).toEqual(expect.arrayContaining(wanted));
    const folders = new Set(names.map((name) => name.split("/")[0]));
    expect(folders).toEqual(
      new Set(["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "dist", "formats", "package.json", "src"]),
    );
    expect(names.filter((name) => /\.test\.|worker\/|\.tsbuildinfo$/.test(name))).toEqual([]);
  });

  it("has maps that lead to sources in the package", () => {
    const names = packedFiles(folder);
    const maps = names.filter((name) => name.endsWith(".map"));
    expect(maps.length).toBeGreaterThan(100);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(join(folder, "node_modules/durable-export", map), "utf8"));
      expect(names, map).toContain(join(map, "..", sources[0]));
    }
  });
});
