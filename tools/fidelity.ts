/** `npm run fidelity`: the corpus through ours, the sqlite3 shell's `.dump` and D1's exporter; writes `docs/fidelity.md`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { corpus, type Case } from "../test/support/corpus.ts";
import { has, run } from "../test/support/e2e/commands.ts";
import { differenceOf, fileDifference, restoreByShell } from "../test/support/e2e/equal.ts";
import {
  d1Export,
  d1Reader,
  databaseOf,
  readerOf,
  restoreToD1,
  restoreToObject,
  startTestServer,
} from "../test/support/e2e/d1-targets.ts";
import { progress } from "./lib/progress.ts";
import { restore } from "./lib/restore.ts";
import { fileReader } from "./lib/rows.ts";
import type { Server } from "./lib/server.ts";
import { statementsOf } from "./lib/statements.ts";

/** Exact; loud: refused, or said what is missing; wrong: another database, and nothing said; absent: the case cannot be made there. */
type Verdict = "exact" | "loud" | "wrong" | "absent";

/** Where a case stands, and what a tool has to work with. */
interface Setting {
  readonly server: Server;
  readonly at: number;
  readonly one: Case;
  /** A path that nothing else has. */
  readonly path: (name: string) => string;
}

const tools: Readonly<Record<string, (setting: Setting) => Promise<Verdict>>> = {
  "ours → sqlite3": (setting) => ours(setting, restoreByShell),
  "ours → node:sqlite": (setting) => ours(setting, (dump, database) => restore(dump, database)),
  "ours, target=d1 → object": oursForD1,
  "sqlite3 .dump → sqlite3": shellDump,
  "D1's exporter → sqlite3": d1Dump,
};

async function dumpOf({ server, at }: Setting, options = ""): Promise<string> {
  const response = await databaseOf(server, `case-${at}`).fetch(`/export/dump?${options}`);
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

async function ours(setting: Setting, make: (dump: string, database: string) => Promise<void>): Promise<Verdict> {
  const [dump, copy] = [setting.path("dump.sql"), setting.path("copy.db")];
  writeFileSync(dump, await dumpOf(setting));
  await make(dump, copy);
  return verdictOf(
    await fileDifference(
      setting.one,
      readerOf(() => setting.server, `case-${setting.at}`),
      copy,
    ),
  );
}

async function oursForD1(setting: Setting): Promise<Verdict> {
  const { server, at, one } = setting;
  const dump = await dumpOf(setting, "target=d1");
  const warnings = dump
    .split("\n")
    .filter((line) => line.startsWith("-- warning: "))
    .join("\n");
  await restoreToObject(server, `copy-${at}`, statementsOf(dump));
  const copy = readerOf(() => server, `copy-${at}`);
  const difference = await differenceOf(
    one,
    readerOf(() => server, `case-${at}`),
    copy,
    warnings,
  );
  return difference === null && warnings !== "" ? "loud" : verdictOf(difference);
}

/** The shell on a file with the same contents, made by node:sqlite. */
async function shellDump({ one, path }: Setting): Promise<Verdict> {
  const [original, dump, copy] = [path("original.db"), path("dump.sql"), path("copy.db")];
  const source = new DatabaseSync(original, {
    enableDoubleQuotedStringLiterals: true,
    enableForeignKeyConstraints: false, // each statement is a transaction of its own here
    defensive: false,
  });
  try {
    for (const sql of one.sql) source.exec(sql);
    const { code, stderr } = await run("sh", ["-c", `sqlite3 '${original}' .dump > '${dump}'`]);
    if (code !== 0 || stderr !== "") return "loud";
    await restoreByShell(dump, copy);
    return verdictOf(await fileDifference(one, fileReader(source), copy));
  } finally {
    source.close();
  }
}

async function d1Dump({ server, at, one, path }: Setting): Promise<Verdict> {
  const read = d1Reader(server, at);
  try {
    await restoreToD1(
      server,
      at,
      one.sql.flatMap((sql) => statementsOf(`${sql}\n;`)),
    );
  } catch {
    return "absent"; // D1 does not take every statement that an object takes
  }
  const dump = path("dump.sql");
  writeFileSync(dump, await d1Export(server, at));
  await restoreByShell(dump, path("copy.db"));
  return verdictOf(await fileDifference(one, read, path("copy.db")));
}

const verdictOf = (difference: string | null): Verdict => (difference === null ? "exact" : "wrong");

async function main(): Promise<void> {
  if (!has("sqlite3")) throw new Error("Cannot run the comparison without the sqlite3 shell: install it first");
  const folder = mkdtempSync(join(tmpdir(), "durable-export-fidelity-"));
  const server = await startTestServer(corpus.length);
  const rows: (readonly [string, readonly Verdict[]])[] = [];
  const show = progress("Cases");
  try {
    for (const [at, one] of corpus.entries()) {
      const reader = readerOf(() => server, `case-${at}`);
      for (const sql of one.sql) await reader(sql);
      const verdicts: Verdict[] = [];
      for (const [number, tool] of Object.values(tools).entries()) {
        const path = (name: string) => join(folder, `${at}-${number}-${name}`);
        // whatever a dumper or a restorer says is said: the user knows
        verdicts.push(await tool({ server, at, one, path }).catch((): Verdict => "loud"));
      }
      rows.push([one.name, verdicts]);
      show.update((at + 1) / corpus.length, `${at + 1} of ${corpus.length}`);
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  show.done(`${corpus.length}`);
  const page = join(import.meta.dirname, "../docs/fidelity.md");
  writeFileSync(page, report(rows, (await run("sqlite3", ["--version"])).stdout.split(" ")[0] ?? ""));
  console.log(readFileSync(page, "utf8").split("\n## Cases")[0]);
  if (rows.some(([, [shell, node]]) => shell !== "exact" || node !== "exact")) process.exitCode = 1;
}

const marks: Readonly<Record<Verdict, string>> = { exact: "exact", loud: "loud", wrong: "**wrong**", absent: "–" };

function report(rows: readonly (readonly [string, readonly Verdict[]])[], version: string): string {
  const names = Object.keys(tools);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = (head: readonly string[], body: readonly (readonly string[])[]) =>
    [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
  const count = (at: number, verdict: Verdict) =>
    String(rows.filter(([, verdicts]) => verdicts[at] === verdict).length);
  const verdicts: readonly Verdict[] = ["exact", "loud", "wrong", "absent"];
  const totals = names.map((name, at) => [name, ...verdicts.map((verdict) => count(at, verdict))]);
  return `# Fidelity

Made by \`npm run fidelity\`: ${rows.length} hostile databases (\`test/support/corpus.ts\`), dumped and restored, and compared cell by cell
with storage class and bytes, with the text of the schema, rowids, \`sqlite_sequence\`, \`sqlite_stat1\`, \`quick_check\`, FTS5's
\`integrity-check\` and a MATCH. The shell is sqlite3 ${version}; node:sqlite is SQLite ${process.versions.sqlite}; D1's exporter is the one in miniflare.

*exact*: the same database. *loud*: refused, or the dump says what is not in it. *wrong*: another database, and nobody was told. –: the
database cannot be made there (D1 takes no statement that an object refuses, and some fewer).

${table(["", "exact", "loud", "silently wrong", "–"], totals)}

## Cases

${table(
  ["", ...names],
  rows.map(([name, list]) => [name.replaceAll("|", "\\|"), ...list.map((verdict) => marks[verdict])]),
)}
`;
}

await main();
