/** A project of somebody else's, into which the packed package was installed as npm would do it. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, type Ran } from "./commands.ts";

const root = join(import.meta.dirname, "../../..");
const bin = (command: string) => join(root, "node_modules", command);

/** A strict, usual tsconfig; the declarations of the package and of its peers are checked, too. */
const usualOptions = {
  target: "es2024",
  lib: ["es2024"],
  module: "es2022",
  moduleResolution: "bundler",
  types: ["@cloudflare/workers-types"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  isolatedModules: true,
  skipLibCheck: false,
  noEmit: true,
};

/** Writes `src/` and the Worker's configuration, and installs the package from a tarball beside them. */
export async function makeHost(folder: string, files: Readonly<Record<string, string>>, config: string): Promise<void> {
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", folder, root]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (packed.code !== 0 || tarball === undefined) throw new Error(`npm pack failed: ${packed.stdout}${packed.stderr}`);
  const dependencies = {
    "durable-export": `file:${tarball}`,
    hono: installedVersion("hono"),
    "@cloudflare/workers-types": installedVersion("@cloudflare/workers-types"),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  mkdirSync(join(folder, "src"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "src", name), text);
  writeFileSync(join(folder, "wrangler.toml"), config);
  const flags = ["--prefix", folder, "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"];
  const installed = await run("npm", ["install", ...flags]);
  if (installed.code !== 0) throw new Error(`npm install failed: ${installed.stdout}${installed.stderr}`);
}

/** What TypeScript says of the host with the usual options and others; nothing if all is well. */
export async function typeErrors(folder: string, options: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const compilerOptions = { ...usualOptions, ...options };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  const checked = await run(process.execPath, [bin("typescript/bin/tsc"), "-p", folder]);
  return checked.code === 0 ? checked.stdout : `${checked.stdout}${checked.stderr}` || "failed";
}

/** Bundles the host as a deployment would. */
export function bundle(folder: string): Promise<Ran> {
  const args = ["deploy", "--dry-run", "--outdir", join(folder, "out"), "--config", join(folder, "wrangler.toml")];
  return run(process.execPath, ["--no-warnings", bin("wrangler/bin/wrangler.js"), ...args]);
}

/** The files of the installed package, but for those of packages inside it. */
export function packedFiles(folder: string): readonly string[] {
  const names = readdirSync(join(folder, "node_modules/durable-export"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => !name.startsWith("node_modules"));
}

function installedVersion(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new TypeError(`${name} has no version`);
}
