/** The pages are complete, and name nothing that is gone. Options and error codes have tests of their own. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { methods, paths } from "../../src/http/paths.ts";

const root = join(import.meta.dirname, "../..");
const textOf = (path: string) => readFileSync(join(root, path), "utf8");

/** Every page of the project, by its path from the root. */
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  "tools/bench/RESULTS.md",
];

/** Former names of files and ideas; docs/architecture.md has the words of today. */
const gone =
  /\bcareful (?:path|way|page)|\b(?:DESIGN|FIDELITY|PLATFORM)(?:\.md)?\b(?! ?=)|docs\/(?:http|decisions)\.md|(?<![-\w])limits\.ts|test\/node\/|(?<!\w)scripts\/\w+\.ts|\b(?:Stillness|AskedJob|JobObject)\b/g;

/** A page without its blocks of code. */
const proseOf = (page: string) => textOf(page).replaceAll(/^```.*?^```$/gms, "");

/** What is written as code in the prose of a page. */
const codeOf = (page: string) => [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");

describe("the README", () => {
  it("is a door: at most 150 lines, prose of at most 100 columns", () => {
    expect(textOf("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
    const lines = proseOf("README.md").split("\n");
    expect(lines.filter((line) => !line.startsWith("|") && line.length > 100)).toEqual([]);
  });
});

describe("every page", () => {
  it("is reached from the README", () => {
    const seen = new Set(["README.md"]);
    for (const page of seen) for (const { path } of linksOf(page)) if (path.endsWith(".md")) seen.add(path);
    expect(pages.filter((page) => !seen.has(page))).toEqual([]);
  });

  it("links only to files and headings that are there", () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter(({ path, heading }) => !existsSync(join(root, path)) || !hasHeading(path, heading))
        .map(({ target }) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("names only npm scripts that there are", () => {
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run ([a-z:]+)|npm (test|start)\b/g)].map(([, script, short]) => script ?? short),
    );
    const scripts = scriptNames();
    expect(named.filter((name) => name !== undefined && !scripts.includes(name))).toEqual([]);
  });

  it("names only files of the project that there are", () => {
    const files = /^(?:src|formats|test|tools|docs)\/[\w./-]*\.(?:ts|md|py|java|mjs)$/;
    const named = pages.filter((page) => !page.startsWith("docs/decisions/")).flatMap((page) => codeOf(page));
    expect(named.filter((code) => files.test(code) && !existsSync(join(root, code)))).toEqual([]);
  });
});

describe("pages and code", () => {
  it("name no file and no idea that is gone", () => {
    const code = ["src", "formats", "test", "tools"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
        .map((name) => join(folder, name)),
    );
    const own = relative(root, import.meta.filename);
    const named = [...pages, ...code]
      // what has changed, and why, is told by the former names
      .filter((path) => path !== own && path !== "CHANGELOG.md" && !path.startsWith("docs/decisions/"))
      .flatMap((path) => [...textOf(path).matchAll(gone)].map(([word]) => `${path}: ${word}`));
    expect(named).toEqual([]);
  });
});

describe("CONTRIBUTING.md", () => {
  it("names every npm script", () => {
    const text = textOf("CONTRIBUTING.md");
    const hooks = ["prepare"]; // npm itself runs it
    const missing = scriptNames().filter((name) => !hooks.includes(name) && !text.includes(`npm run ${name}`));
    expect(missing.filter((name) => !/^(?:test|start)$/.test(name) || !text.includes(`npm ${name}`))).toEqual([]);
  });
});

describe("docs/embedding.md", () => {
  it("has a line for each key of ExporterOptions, and for no other", () => {
    expect(rowsOf("docs/embedding.md", "Settings")).toEqual(keysOf("src/exporter-options.ts", "ExporterOptions"));
  });

  it("has a line for each key of ExportRoutesOptions, and for no other", () => {
    expect(rowsOf("docs/embedding.md", "The routes")).toEqual(
      keysOf("src/http/worker-routes.ts", "ExportRoutesOptions"),
    );
  });
});

describe("docs/http-api.md", () => {
  it("has a heading for each route, and for no other", () => {
    const routes = Object.entries(methods).flatMap(([name, list]) =>
      list.filter((method) => method !== "HEAD").map((method) => `${method} /export${pathOf(name)}`),
    );
    routes.push("POST /query"); // of the deployable Worker
    const headings = [...textOf("docs/http-api.md").matchAll(/^## `([A-Z]+ \/[^`]+)`$/gm)].map(([, route]) => route);
    expect(new Set(headings)).toEqual(new Set(routes));
    expect(headings.length).toBe(routes.length);
  });

  it("has every member of the status", () => {
    const text = textOf("docs/http-api.md");
    const members = [...keysOf("src/api.ts", "JobStatus"), ...keysOf("src/api.ts", "Progress")];
    expect(members.length).toBeGreaterThan(20);
    expect(members.filter((name) => !text.includes(`\`${name}\``) && !text.includes(`.${name}\``))).toEqual([]);
  });
});

function pathOf(name: string): string {
  return Object.entries(paths).find(([key]) => key === name)?.[1] ?? "";
}

/** The links of a page to other files of the project, and to their headings. */
function linksOf(page: string) {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = "", heading = ""] = target.split("#");
    return [{ target, heading, path: file === "" ? page : relative(root, join(root, dirname(page), file)) }];
  });
}

/** True where no heading is asked for, or the page has it, as GitHub makes anchors of headings. */
function hasHeading(path: string, heading: string): boolean {
  if (heading === "") return true;
  const anchors = [...proseOf(path).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return anchors.includes(heading);
}

function scriptNames(): readonly string[] {
  return Object.keys(JSON.parse(textOf("package.json")).scripts);
}

/** The names in the first column of the tables under a heading. */
function rowsOf(page: string, heading: string): readonly string[] {
  const section =
    textOf(page)
      .split(/^## /m)
      .find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name ?? "");
}

/** The keys of an interface, nested ones included, in their order. */
function keysOf(path: string, name: string): readonly string[] {
  const text = textOf(path);
  const begin = text.indexOf(`interface ${name}`);
  const body = text.slice(begin, text.indexOf("\n}", begin));
  return [...body.matchAll(/^ {2,}readonly (\w+)\??:/gm)].map(([, key]) => key ?? "");
}
