/** MariaDB's `LOAD DATA`, by a server of our own. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { has, run } from "../../test/support/e2e/commands.ts";
import { kindsOf, type Kind } from "./kinds.ts";
import { eachOf, texts, type Reader, type Sample, type SeenTable } from "./reader.ts";
import { isRoot, withServer } from "./server.ts";

const line =
  "LOAD DATA LOCAL INFILE 't.csv' INTO TABLE t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' IGNORE 1 LINES";

const mariaDb = (name: string, isTyped: boolean): Reader => ({
  name,
  format: "csv",
  ...(isTyped && { query: "for=mysql" }),
  use: "right",
  faults: {},
  line: `${line}${isTyped ? " (a, @b) SET b = FROM_BASE64(@b)" : ""}`,
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
      (folder) => eachOf(samples, (sample) => loadInto(folder, sample, isTyped)),
    ),
});

const mariadb = (folder: string, sql: string) =>
  run("mariadb", ["--no-defaults", "-S", join(folder, "socket"), "-u", "root", "--local-infile=1", "-N", "-B"], sql);

/** What columns are declared as where they have types. */
const types: Readonly<Record<Kind, string>> = {
  INTEGER: "BIGINT",
  REAL: "DOUBLE",
  BLOB: "LONGBLOB",
  TEXT: "LONGTEXT",
  "": "LONGTEXT",
};

async function loadInto(folder: string, { path, one }: Sample, isTyped: boolean): Promise<SeenTable> {
  const kinds = kindsOf(one).map((kind) => (isTyped ? kind : ""));
  const columns = kinds.map((kind, at) => (kind === "BLOB" ? `@c${at}` : `c${at}`));
  const set = kinds.flatMap((kind, at) => (kind === "BLOB" ? [`c${at} = FROM_BASE64(@c${at})`] : []));
  const text = kinds.map((kind, at) => (kind === "BLOB" ? `c${at}` : `CAST(c${at} AS CHAR)`));
  const { code, stdout, stderr } = await mariadb(
    folder,
    `USE t; SET NAMES utf8mb4; DROP TABLE IF EXISTS t; CREATE TABLE t (at INT AUTO_INCREMENT PRIMARY KEY, ${kinds.map((kind, at) => `c${at} ${types[kind]}`).join(", ")}) CHARSET utf8mb4;
LOAD DATA LOCAL INFILE '${path}' INTO TABLE t CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES (${columns.join(", ")}) ${set.length > 0 ? `SET ${set.join(", ")}` : ""};
SHOW WARNINGS; SELECT '>', ${text.map((value) => `coalesce(hex(${value}), '-')`).join(", ")} FROM t ORDER BY at;`,
  );
  if (code !== 0) throw new Error(stderr);
  const lines = stdout.split("\n").filter((printed) => printed !== "");
  const warning = lines.find((printed) => !printed.startsWith(">"));
  if (warning !== undefined) throw new Error(warning);
  const field = (digits: string, at: number) => {
    if (digits === "-") return null;
    const bytes = Buffer.from(digits, "hex");
    return kinds[at] === "BLOB" ? bytes.toString("base64") : bytes.toString();
  };
  return { names: null, rows: lines.map((printed) => texts(printed.split("\t").slice(1).map(field))) };
}

/** MariaDB, into columns of text, and into columns with types. */
export const mariaDbReaders: readonly Reader[] = [mariaDb("MariaDB", false), mariaDb("MariaDB, for=mysql", true)];
