/** Who runs a SQL dump: the databases of the corpus, made anew by each of them, and compared with what node:sqlite makes, which `test/e2e/corpus.test.ts` holds against the object. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { corpus, type Case } from "../../test/support/corpus.ts";
import { has, run } from "../../test/support/e2e/commands.ts";
import { differenceOf, fileDifference } from "../../test/support/e2e/equal.ts";
import { d1Reader, databaseOf, readerOf, restoreToD1 } from "../../test/support/e2e/d1-targets.ts";
import { restore } from "../lib/restore.ts";
import { fileReader } from "../lib/rows.ts";
import type { Server } from "../lib/server.ts";
import { statementsOf } from "../lib/statements.ts";

/** A program that runs SQL, as somebody uses it. */
export interface SqlReader {
  readonly name: string;
  readonly line: string;
  /** True if it refuses what writes to `sqlite_schema`, as the line of docs has it not. */
  readonly isDefensive: boolean;
  isThere(): boolean;
  /** Makes a database of each dump, and gives what it says of those that it refuses. */
  restore(files: readonly (readonly [dump: string, database: string])[]): Promise<readonly (string | null)[]>;
}

const packages = join(import.meta.dirname, "../../test/readers");

/** A program of ours that runs dumps, a line of JSON for each. */
const byLines = (command: string, ...args: readonly string[]): SqlReader["restore"] => {
  return async (files) => {
    const lines = files.map((paths) => `${JSON.stringify(paths)}\n`).join("");
    const { code, stdout, stderr } = await run(command, args, lines);
    if (code !== 0) throw new Error(stderr);
    const answers: { error?: string }[] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    return answers.map(({ error = null }) => error);
  };
};

const driver = (name: string, way: "plain" | "right", line: string): SqlReader => ({
  name: way === "plain" ? `${name}, plain` : name,
  line,
  isDefensive: way === "plain",
  isThere: () => name === "node:sqlite" || existsSync(join(packages, "node_modules", folders[name] ?? name)),
  restore: byLines(process.execPath, join(packages, "restore-sql.mjs"), name, way),
});
const folders: Readonly<Record<string, string>> = { libSQL: "@libsql/client" };

/** The drivers, as people use them first, and as docs say. */
export const sqlReaders: readonly SqlReader[] = [
  {
    name: "sqlite3",
    line: "sqlite3 -bail new.db '.read dump.sql'",
    isDefensive: false,
    isThere: () => has("sqlite3"),
    restore: (files) =>
      Promise.all(
        files.map(async ([dump, database]) => {
          const { code, stderr } = await run("sqlite3", ["-bail", database, `.read ${dump}`]);
          return code === 0 && stderr === "" ? null : stderr;
        }),
      ),
  },
  driver("node:sqlite", "plain", "new DatabaseSync('new.db').exec(sql)"),
  driver("node:sqlite", "right", "new DatabaseSync('new.db', { defensive: false }).exec(sql)"),
  driver("better-sqlite3", "plain", "new Database('new.db').exec(sql)"),
  driver("better-sqlite3", "right", "new Database('new.db').unsafeMode().exec(sql)"),
  {
    name: "Python's sqlite3",
    line: "sqlite3.connect('new.db').executescript(open('dump.sql', encoding='utf-8', newline='').read())",
    isDefensive: false,
    isThere: () => has("python3"),
    restore: byLines("python3", join(import.meta.dirname, "restore.py")),
  },
  driver("sql.js", "right", "new SQL.Database().exec(sql)"),
  driver("libSQL", "right", "await createClient({ url: 'file:new.db' }).executeMultiple(sql)"),
];

/** The same database; refused; or another one, and nobody was told. */
export interface SqlFinding {
  readonly verdict: "exact" | "loud" | "wrong";
  readonly why: string;
}

/** The dumps of the corpus in a folder, each with what node:sqlite makes of it. */
export async function dumpsOf(server: Server, folder: string): Promise<readonly Dumped[]> {
  const dumps: Dumped[] = [];
  for (const [at, one] of corpus.entries()) {
    const object = readerOf(() => server, `case-${at}`);
    for (const sql of one.sql) await object(sql);
    const [dump, made] = [join(folder, `${at}.sql`), join(folder, `${at}.db`)];
    const response = await databaseOf(server, `case-${at}`).fetch("/export/dump");
    if (!response.ok) throw new Error(await response.text());
    writeFileSync(dump, new Uint8Array(await response.arrayBuffer()));
    await restore(dump, made);
    dumps.push({ at, one, dump, made });
  }
  return dumps;
}

/** A database of the corpus as a dump, and as a file that is what the object is. */
export interface Dumped {
  readonly at: number;
  readonly one: Case;
  readonly dump: string;
  readonly made: string;
}

/** What comes of each dump. */
export async function sqlFindingsOf(reader: SqlReader, dumps: readonly Dumped[]): Promise<readonly SqlFinding[]> {
  const copyOf = ({ made }: Dumped) => `${made}-${reader.name.replaceAll(/\W/g, "-")}.db`;
  const refusals = await reader.restore(dumps.map((dumped) => [dumped.dump, copyOf(dumped)]));
  const findings: SqlFinding[] = [];
  for (const [at, dumped] of dumps.entries()) {
    const refusal = refusals[at];
    if (refusal !== null) {
      findings.push({ verdict: "loud", why: refusal ?? "it ended" });
      continue;
    }
    const file = new DatabaseSync(dumped.made, { enableDoubleQuotedStringLiterals: true });
    const difference = await fileDifference(dumped.one, fileReader(file), copyOf(dumped)).finally(() => file.close());
    findings.push(difference === null ? { verdict: "exact", why: "" } : { verdict: "wrong", why: difference });
  }
  return findings;
}

/** What comes of each dump with `target=d1` in D1; what its warnings name is not looked at. */
export async function d1FindingsOf(server: Server, dumps: readonly Dumped[]): Promise<readonly SqlFinding[]> {
  const findings: SqlFinding[] = [];
  for (const { at, one } of dumps) {
    const response = await databaseOf(server, `case-${at}`).fetch("/export/dump?target=d1");
    const dump = await response.text();
    const warnings = dump
      .split("\n")
      .filter((line) => line.startsWith("-- warning: "))
      .join("\n");
    try {
      await restoreToD1(server, at, statementsOf(dump));
      const object = readerOf(() => server, `case-${at}`);
      const difference = await differenceOf(one, object, d1Reader(server, at), warnings);
      if (difference !== null) findings.push({ verdict: "wrong", why: difference });
      else findings.push(warnings === "" ? { verdict: "exact", why: "" } : { verdict: "loud", why: warnings });
    } catch (error) {
      findings.push({ verdict: "loud", why: String(error) });
    }
  }
  return findings;
}
