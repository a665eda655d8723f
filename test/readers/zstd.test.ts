/** Files of `compress=zstd`, read by the programs that people read them with; one that is not installed says so. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeConfig } from "../../tools/lib/config.ts";
import { query } from "../../tools/lib/database.ts";
import { sample } from "../../tools/lib/sample.ts";
import { startServer, type Server } from "../../tools/lib/server.ts";
import { concatBytes } from "../../formats/kit/bytes.ts";
import { nativeZstd } from "../../src/pack/zstd-native.ts";
import { zstdPacker } from "../../src/pack/zstd.ts";
import { packSliced } from "../support/pack-samples.ts";
import { hostile, zstdSamples } from "../support/zstd-samples.ts";
import { has, run } from "../support/e2e/commands.ts";
import { bytesOf, folderFor } from "../support/e2e/files.ts";

const folder = folderFor(afterAll);
const readers = import.meta.dirname;
const file = (name: string) => join(folder, name);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const queries = {
  "dump.sql": "format=sql",
  "t.csv": "format=csv&table=customers",
  "t.jsonl": "format=jsonl&table=customers",
};
let server: Server;
let rows = 0;

beforeAll(async () => {
  server = await startServer();
  for (const statement of sample()) await query(server, statement);
  rows = Number((await query(server, { sql: "SELECT count(*) AS n FROM customers" }))[0]?.["n"]);
  for (const [name, options] of Object.entries(queries)) {
    writeFileSync(file(name), await bytesOf(server, `/export/dump?${options}`));
    writeFileSync(file(`${name}.zst`), await bytesOf(server, `/export/dump?${options}&compress=zstd`));
  }
});
afterAll(() => server.stop());

/** Debian's packages are for its own Python. */
const python = "/usr/bin/python3";
const hasPython = async (module: string) =>
  existsSync(python) && (await run(python, ["-c", `import ${module}`])).code === 0;
const zstandard = await hasPython("zstandard");
const pandas = zstandard && (await hasPython("pandas"));
const jar = "/usr/share/java/zstd-jni.jar";
const has7z = has("7z") && (await run("7z", ["i"])).stdout.includes("zstd"); // older ones do not know it
const named = (what: string, isThere: boolean) => (isThere ? what : `${what}: not tried, it is not installed`);

describe.each(Object.keys(queries))("%s.zst", (name) => {
  it("is one frame of the bytes of the plain file, by Node", () => {
    expect(zstdDecompressSync(readFileSync(file(`${name}.zst`))).equals(readFileSync(file(name)))).toBe(true);
  });

  const zstd = has("zstd");
  it.runIf(zstd)(named("by the zstd command, which finds one frame with a checksum", zstd), async () => {
    expect(await run("zstd", ["-tq", file(`${name}.zst`)])).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await run("zstd", ["-lv", file(`${name}.zst`)]);
    expect(stdout).toMatch(/Frames: 1\n/);
    expect(stdout).toMatch(/Check: XXH64/);
    expect((await run("zstd", ["-dqf", file(`${name}.zst`), "-o", file(`${name}.out`)])).code).toBe(0);
    expect(readFileSync(file(`${name}.out`)).equals(readFileSync(file(name)))).toBe(true);
  });

  const bsdcat = has("bsdcat");
  it.runIf(bsdcat)(named("by libarchive", bsdcat), async () => {
    const script = `bsdcat '${file(`${name}.zst`)}' | sha256sum`;
    expect((await run("sh", ["-c", script])).stdout.slice(0, 64)).toBe(sha256(readFileSync(file(name))));
  });

  it.runIf(has7z)(named("by 7z", has7z), async () => {
    expect((await run("7z", ["x", "-y", `-o${file("7z")}`, file(`${name}.zst`)])).code).toBe(0);
    expect(readFileSync(join(file("7z"), name)).equals(readFileSync(file(name)))).toBe(true);
  });

  const java = has("java") && existsSync(jar);
  it.runIf(java)(named("by Java's zstd-jni", java), async () => {
    const { stdout, stderr } = await run("java", ["-cp", jar, join(readers, "ReadZstd.java"), file(`${name}.zst`)]);
    expect([stdout.trim(), stderr]).toEqual([sha256(readFileSync(file(name))), ""]);
  });

  // `decompressobj` stops behind the first frame, and says nothing: why there is one
  it.runIf(zstandard)(named("by python-zstandard, in each of its ways", zstandard), async () => {
    const program = `import hashlib, sys, zstandard
packed = open(sys.argv[1], "rb").read()
reader = zstandard.ZstdDecompressor()
for content in reader.decompressobj().decompress(packed), reader.stream_reader(packed).read(), zstandard.open(sys.argv[1]).read(), reader.decompress(packed, max_output_size=1 << 30):
    print(hashlib.sha256(content).hexdigest())`;
    const { stdout, stderr } = await run(python, ["-c", program, file(`${name}.zst`)]);
    expect(stderr).toBe("");
    expect(new Set(stdout.trim().split("\n"))).toEqual(new Set([sha256(readFileSync(file(name)))]));
  });
});

describe("tables in zstd", () => {
  it("are read by DuckDB, by the ending of their names", async () => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    for (const table of [`read_csv('${file("t.csv.zst")}')`, `read_json('${file("t.jsonl.zst")}')`])
      expect((await connection.runAndReadAll(`SELECT count(*) FROM ${table}`)).getRowsJS(), table).toEqual([
        [BigInt(rows)],
      ]);
  });

  it.runIf(pandas)(named("are read by pandas", pandas), async () => {
    const program = `import pandas, sys
print(len(pandas.read_csv(sys.argv[1])), len(pandas.read_json(sys.argv[2], lines=True)))`;
    const { stdout } = await run(python, ["-W", "ignore", "-c", program, file("t.csv.zst"), file("t.jsonl.zst")]);
    expect(stdout.trim()).toBe(`${rows} ${rows}`);
  });

  const polars = existsSync(join(readers, "node_modules/nodejs-polars"));
  it.runIf(polars)(named("are read by polars", polars), async () => {
    const program = `import polars from "nodejs-polars";
console.log(polars.readCSV(process.argv[1], { inferSchemaLength: 0 }).height);`;
    const args = ["--input-type=module", "-e", program, file("t.csv.zst")];
    const { stdout, stderr } = await run("env", ["-C", readers, process.execPath, ...args]);
    expect([stdout.trim(), stderr]).toEqual([String(rows), ""]);
  });
});

describe.runIf(has("zstd"))("zstd -d reads", () => {
  const packer = zstdPacker(nativeZstd(3));
  const cases = [
    ...zstdSamples,
    ...Array.from({ length: 40 }, (_, seed) => [`made to be difficult, seed ${seed}`, hostile(seed)] as const),
  ];
  it("what was packed with a kill behind every block", async () => {
    for (const [name, pieces] of cases) {
      writeFileSync(file("hard.zst"), packSliced(packer, pieces, 1));
      expect((await run("zstd", ["-dqf", file("hard.zst"), "-o", file("hard")])).code, name).toBe(0);
      expect(readFileSync(file("hard")).equals(concatBytes(pieces)), name).toBe(true);
    }
  });
});

describe("a Worker without nodejs_compat", () => {
  it("says what zstd needs, and has gzip", async () => {
    const main = join(import.meta.dirname, "../../src/worker/worker.ts");
    const config = writeConfig(folder, main, { compatibility_date: "2026-01-01" });
    const old = await startServer({ config });
    try {
      await query(old, { sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1)" });
      for (const method of ["GET", "POST"]) {
        const refused = await old.fetch("/export/dump?compress=zstd", { method });
        expect(refused.status).toBe(400);
        expect(await refused.json()).toMatchObject({
          code: "invalid_option",
          option: "compress",
          allowed: ["none", "gzip"],
          detail: expect.stringContaining("nodejs_compat"),
        });
      }
      expect((await bytesOf(old, "/export/dump?compress=gzip")).length).toBeGreaterThan(20);
    } finally {
      await old.stop();
    }
  });
});
