/** PostgreSQL's `COPY`, by a server of our own. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { has, run } from "../../test/support/e2e/commands.ts";
import { kindsOf, type Kind } from "./kinds.ts";
import { eachOf, texts, type Reader, type Sample, type SeenTable } from "./reader.ts";
import { asUser, withServer } from "./server.ts";

/** Where PostgreSQL's own programs are: Debian keeps them out of the path. */
function postgresFolder(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).toSorted((one, other) => Number(other) - Number(one)) : [];
  return versions.map((version) => join(root, version, "bin")).find((folder) => existsSync(join(folder, "postgres")));
}

const postgres = (name: string, isTyped: boolean): Reader => ({
  name,
  format: "csv",
  ...(isTyped && { query: "for=postgres" }),
  use: "right",
  faults: {},
  line: "\\copy t FROM 't.csv' WITH (FORMAT csv, HEADER)",
  isThere: () => has("psql") && postgresFolder() !== undefined,
  read: (samples) =>
    withServer(
      "postgres",
      async (folder) => {
        const programs = postgresFolder() ?? "";
        const data = join(folder, "data");
        const init = asUser("postgres", join(programs, "initdb"), [
          "-D",
          data,
          "-E",
          "UTF8",
          "--no-locale",
          "-A",
          "trust",
          "-U",
          "postgres",
        ]);
        const made = await run(...init);
        if (made.code !== 0) throw new Error(made.stderr);
        const [command, args] = asUser("postgres", join(programs, "postgres"), [
          "-D",
          data,
          "-k",
          folder,
          "-h",
          "",
          "-F",
        ]);
        return spawn(command, args, { stdio: "ignore", detached: true });
      },
      async (folder) => (await psql(folder, "SELECT 1")).code === 0,
      (folder) => eachOf(samples, (sample) => copyInto(folder, sample, isTyped)),
    ),
});

const psql = (folder: string, sql: string) =>
  run("psql", ["-h", folder, "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], sql);

/** What columns are declared as where they have types. */
const types: Readonly<Record<Kind, string>> = {
  INTEGER: "bigint",
  REAL: "double precision",
  BLOB: "bytea",
  TEXT: "text",
  "": "text",
};

async function copyInto(folder: string, { path, one }: Sample, isTyped: boolean): Promise<SeenTable> {
  const kinds = kindsOf(one).map((kind) => (isTyped ? kind : ""));
  const columns = kinds.map((_, at) => `c${at}`);
  const values = kinds.map((kind, at) => (kind === "BLOB" ? `encode(c${at}, 'hex')` : `c${at}::text`));
  const { code, stdout, stderr } = await psql(
    folder,
    `DROP TABLE IF EXISTS t; CREATE TABLE t (at serial, ${kinds.map((kind, at) => `c${at} ${types[kind]}`).join(", ")});
\\copy t (${columns.join(", ")}) FROM '${path}' WITH (FORMAT csv, HEADER)
SELECT coalesce(json_agg(json_build_array(${values.join(", ")}) ORDER BY at), '[]') FROM t;`,
  );
  if (code !== 0) throw new Error(stderr.split("\n")[0]);
  const rows: (string | null)[][] = JSON.parse(stdout);
  const field = (value: string | null, at: number) =>
    kinds[at] === "BLOB" && value !== null ? Uint8Array.fromHex(value).toBase64() : value;
  return { names: null, rows: rows.map((row) => texts(row.map(field))) };
}

/** PostgreSQL, into columns of text, and into columns with types. */
export const postgresReaders: readonly Reader[] = [
  postgres("PostgreSQL", false),
  postgres("PostgreSQL, for=postgres", true),
];
