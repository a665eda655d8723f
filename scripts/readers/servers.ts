/** Readers that are servers, started in a folder of their own: PostgreSQL's `COPY`, MariaDB's `LOAD DATA`. */
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has, run } from "../../test/node/commands.ts";
import type { Case } from "./cases.ts";
import { eachOf, texts, type Reader, type Sample, type SeenTable } from "./reader.ts";

const columnsOf = ({ columns }: Case) => columns.map((_, at) => `c${at}`).join(", ");
const definitionOf = ({ columns }: Case, type: string) => columns.map((_, at) => `c${at} ${type}`).join(", ");

/** Servers refuse to run as root: they get a user of their own, and what is theirs belongs to it. */
const isRoot = process.getuid?.() === 0;

/** Runs a program as a user that servers may run as, where we are root, which they refuse to run as. */
function asUser(user: string, command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return isRoot ? ["runuser", ["-u", user, "--", command, ...args]] : [command, args];
}

/** A folder that the user of a server may write to. */
async function folderOf(user: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-"));
  chmodSync(folder, 0o755);
  if (isRoot) await run("chown", [user, folder]);
  return folder;
}

/** Starts a server, reads all with it, and takes it down. */
async function withServer(
  user: string,
  start: (folder: string) => Promise<ChildProcess>,
  isReady: (folder: string) => Promise<boolean>,
  read: (folder: string) => Promise<readonly (SeenTable | Error)[]>,
): Promise<readonly (SeenTable | Error)[]> {
  const folder = await folderOf(user);
  const server = await start(folder);
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  try {
    const deadline = Date.now() + 60_000;
    while (!(await isReady(folder))) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`The server of ${user} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await read(folder);
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM"); // its group: it may run behind `runuser`
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where PostgreSQL's own programs are: Debian keeps them out of the path. */
function postgresFolder(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).toSorted((one, other) => Number(other) - Number(one)) : [];
  return versions.map((version) => join(root, version, "bin")).find((folder) => existsSync(join(folder, "postgres")));
}

const postgres: Reader = {
  name: "PostgreSQL",
  format: "csv",
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
      (folder) => eachOf(samples, (sample) => copyInto(folder, sample)),
    ),
};

const psql = (folder: string, sql: string) =>
  run("psql", ["-h", folder, "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], sql);

async function copyInto(folder: string, { path, one }: Sample): Promise<SeenTable> {
  const columns = columnsOf(one);
  const { code, stdout, stderr } = await psql(
    folder,
    `DROP TABLE IF EXISTS t; CREATE TABLE t (at serial, ${definitionOf(one, "text")});
\\copy t (${columns}) FROM '${path}' WITH (FORMAT csv, HEADER)
SELECT coalesce(json_agg(json_build_array(${columns}) ORDER BY at), '[]') FROM t;`,
  );
  if (code !== 0) throw new Error(stderr.split("\n")[0]);
  const rows: (string | null)[][] = JSON.parse(stdout);
  return { names: null, rows: rows.map(texts) };
}

const mariaDb: Reader = {
  name: "MariaDB",
  format: "csv",
  use: "right",
  faults: {},
  line: "LOAD DATA LOCAL INFILE 't.csv' INTO TABLE t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' IGNORE 1 LINES",
  isThere: () => has("mariadbd") && has("mariadb-install-db"),
  read: (samples) =>
    withServer(
      "mysql",
      async (folder) => {
        const data = join(folder, "data");
        mkdirSync(data);
        if (isRoot) await run("chown", ["mysql", data]);
        const owner = isRoot ? ["--user=mysql"] : [];
        await run("mariadb-install-db", [...owner, `--datadir=${data}`, "--auth-root-authentication-method=normal"]);
        const options = [
          ...owner,
          `--datadir=${data}`,
          `--socket=${join(folder, "socket")}`,
          `--pid-file=${join(folder, "pid")}`,
        ];
        return spawn(
          "mariadbd",
          ["--no-defaults", ...options, "--skip-networking", "--local-infile=1", "--max-allowed-packet=1G"],
          { stdio: "ignore", detached: true },
        );
      },
      async (folder) => (await mariadb(folder, "CREATE DATABASE IF NOT EXISTS t")).code === 0,
      (folder) => eachOf(samples, (sample) => loadInto(folder, sample)),
    ),
};

const mariadb = (folder: string, sql: string) =>
  run("mariadb", ["--no-defaults", "-S", join(folder, "socket"), "-u", "root", "--local-infile=1", "-N", "-B"], sql);

async function loadInto(folder: string, { path, one }: Sample): Promise<SeenTable> {
  const columns = columnsOf(one);
  const hex = one.columns.map((_, at) => `coalesce(hex(c${at}), '-')`).join(", ");
  const { code, stdout, stderr } = await mariadb(
    folder,
    `USE t; SET NAMES utf8mb4; DROP TABLE IF EXISTS t; CREATE TABLE t (at INT AUTO_INCREMENT PRIMARY KEY, ${definitionOf(one, "LONGTEXT")}) CHARSET utf8mb4;
LOAD DATA LOCAL INFILE '${path}' INTO TABLE t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES (${columns});
SHOW WARNINGS; SELECT '>', ${hex} FROM t ORDER BY at;`,
  );
  if (code !== 0) throw new Error(stderr);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const warning = lines.find((line) => !line.startsWith(">"));
  if (warning !== undefined) throw new Error(warning);
  const field = (text: string) => (text === "-" ? null : Buffer.from(text, "hex").toString());
  return { names: null, rows: lines.map((line) => texts(line.split("\t").slice(1).map(field))) };
}

/** The servers. */
export const servers: readonly Reader[] = [postgres, mariaDb];
