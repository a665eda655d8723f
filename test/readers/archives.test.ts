/** An archive, read by the programs that people have: by its directory, and front to back. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "../../tools/lib/database.ts";
import { startServer } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { bytesOf, folderFor } from "../support/e2e/files.ts";

const readers = import.meta.dirname;
const folder = folderFor(afterAll);
/** What must come out: the bytes of each file. */
const sizes: Record<string, number> = {};
const archive = (gzip: string) => join(folder, `dump${gzip}.zip`);

beforeAll(async () => {
  const server = await startServer();
  try {
    await query(server, {
      sql: `CREATE TABLE plain (a, b); INSERT INTO plain VALUES (1, 'x'), (NULL, 'y'); CREATE TABLE empty (a);
        CREATE TABLE größe (a); INSERT INTO größe VALUES ('é'); CREATE TABLE 田中 (a TEXT, b BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO 田中 SELECT 'row ' || i, randomblob(20) FROM n`,
    });
    for (const gzip of ["", "1"])
      writeFileSync(archive(gzip), await bytesOf(server, `/export/dump?format=csv${gzip && "&gzip=1"}`));
    for (const table of ["plain", "empty", "größe", "田中"])
      sizes[`${table}.csv`] = (
        await bytesOf(server, `/export/dump?format=csv&table=${encodeURIComponent(table)}`)
      ).length;
  } finally {
    await server.stop();
  }
}, 120_000);

/** What a reader found, without the two files that are no table's. */
function tables(found: Iterable<readonly [string, number]>): Record<string, number> {
  return Object.fromEntries([...found].filter(([name]) => name.endsWith(".csv")));
}

/** Bytes of each file that was unpacked. */
function unpacked(into: string): Record<string, number> {
  return tables(
    Object.keys(sizes).map((name) => [name, existsSync(join(into, name)) ? statSync(join(into, name)).size : -1]),
  );
}

const java = has("java") && (await run("java", ["--version"])).code === 0;

describe.each([
  ["stored", ""],
  ["deflated", "1"],
])("an archive, %s", (kind, gzip) => {
  const emptyFolder = (name: string) => {
    const path = join(folder, `${kind}-${name}`);
    mkdirSync(path);
    return path;
  };

  it.runIf(has("unzip")).each(["C", "C.UTF-8"])("is unpacked by unzip where the locale is %s", async (locale) => {
    const into = emptyFolder(`unzip-${locale}`);
    const args = [`LC_ALL=${locale}`, "unzip", "-q", archive(gzip), "-d", into];
    expect(await run("env", args)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(unpacked(into)).toEqual(sizes);
  });

  it.runIf(has("7z"))("is unpacked by 7z", async () => {
    const into = emptyFolder("7z");
    const { code, stdout } = await run("env", ["LC_ALL=C.UTF-8", "7z", "x", `-o${into}`, archive(gzip)]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("Everything is Ok")]);
    expect(unpacked(into)).toEqual(sizes);
  });

  it.runIf(has("bsdtar")).each(["its file", "a pipe"])("is unpacked by bsdtar from %s", async (source) => {
    const into = emptyFolder(`bsdtar-${source}`);
    const [from, input] = source === "a pipe" ? ["-", readFileSync(archive(gzip))] : [archive(gzip), ""];
    const args = ["LC_ALL=C.UTF-8", "bsdtar", "-xf", from, "-C", into];
    expect(await run("env", args, input)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(unpacked(into)).toEqual(sizes);
  });

  it.runIf(has("python3"))(
    "is read by Python, and what it unpacked can be packed again, west of everywhere",
    async () => {
      const program = `import json, os, sys, time, zipfile
archive, into = sys.argv[1:]
source = zipfile.ZipFile(archive)
assert source.testzip() is None
with zipfile.ZipFile(into, "w") as copy:
    for entry in source.infolist():
        path = source.extract(entry, os.path.dirname(into))
        at = time.mktime(entry.date_time + (0, 0, -1))
        os.utime(path, (at, at))
        os.environ["TZ"] = "Etc/GMT+12"; time.tzset()
        copy.write(path, entry.filename)
        os.environ["TZ"] = "Etc/GMT-14"; time.tzset()
print(json.dumps({entry.filename: entry.file_size for entry in source.infolist()}))`;
      const into = join(emptyFolder("python"), "again.zip");
      const { stdout, stderr } = await run("env", ["TZ=Etc/GMT-14", "python3", "-c", program, archive(gzip), into]);
      expect(stderr).toBe("");
      expect(tables(Object.entries<number>(JSON.parse(stdout)))).toEqual(sizes);
    },
  );

  it.runIf(java)("is read by Java's ZipFile and ZipInputStream", async () => {
    const { stdout, stderr } = await run("java", [
      "-Dfile.encoding=UTF-8",
      "-Dstdout.encoding=UTF-8",
      join(readers, "ReadZip.java"),
      archive(gzip),
    ]);
    expect(stderr).toBe("");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    for (const reader of ["ZipFile", "ZipInputStream"])
      expect(
        tables(lines.filter(([one]) => one === reader).map(([, name = "", bytes]) => [name, Number(bytes)])),
        reader,
      ).toEqual(sizes);
  });

  it.runIf(existsSync(join(readers, "node_modules/yauzl")))("is read by yauzl, unzipper and unzip-stream", async () => {
    const { stdout, stderr } = await run(process.execPath, [join(readers, "read-zip.mjs"), archive(gzip)]);
    expect(stderr).toBe("");
    const found: Record<string, Record<string, number>> = JSON.parse(stdout);
    expect(Object.keys(found)).toEqual(["yauzl", "unzipper", "unzip-stream"]);
    for (const [reader, one] of Object.entries(found)) expect(tables(Object.entries(one)), reader).toEqual(sizes);
  });
});
