/**
 * `npm run build`: makes `dist/`, the package's code. `formats/` stands beside `src/` here and below it there, so that the entries are
 * `dist/index.js`, `dist/format-kit.js`, `dist/testing.js`; TypeScript alone would keep a `dist/src/`.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const compiled = join(root, ".wrangler/build");
const dist = join(root, "dist");

for (const folder of [compiled, dist]) rmSync(folder, { recursive: true, force: true });
const compiler = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", compiled], {
  stdio: "inherit",
});
for (const path of globSync("{src,formats}/**/*.{js,d.ts,map}", { cwd: compiled })) {
  const target = join(dist, path.replace(/^src\//, ""));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, relocated(path, readFileSync(join(compiled, path), "utf8")));
}

/** A file's text where it goes to: its imports, or the source that a map leads to. */
function relocated(path: string, text: string): string {
  if (path.endsWith(".map")) {
    // From .wrangler/build/ to dist/ is one folder less; from src/ to the root of dist/ another one.
    return text.replace(path.startsWith("src/") ? '"../../' : '"../', '"');
  }
  // TypeScript rewrites the endings of imports in JavaScript only.
  const imports = text.replaceAll(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"');
  if (!path.startsWith("src/")) return imports;
  return imports.replaceAll(
    /(from |import\()"\.\.\/((?:\.\.\/)*)formats\//g,
    (_, before, up) => `${before}"${up || "./"}formats/`,
  );
}
