/** `npm run readers [-- NAME]`: hostile tables, read by the programs that people read them with; writes the table in `docs/readers.md` if it is all of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corpus } from "../test/support/corpus.ts";
import { startTestServer } from "../test/support/e2e/d1-targets.ts";
import { startServer } from "./lib/server.ts";
import { findingsOf, readers } from "./readers/all.ts";
import { cases } from "./readers/cases.ts";
import { queryOf, type Finding, type Reader } from "./readers/reader.ts";
import { samplesOf } from "./readers/samples.ts";
import { d1FindingsOf, dumpsOf, sqlFindingsOf, sqlReaders, type SqlFinding } from "./readers/sql.ts";

/** A reader, and what came of each case; null where it is not installed. */
interface Column {
  readonly reader: Reader;
  readonly findings: readonly Finding[] | null;
}

/** A reader of SQL, and how many databases of each verdict, with what it says of those that it refuses. */
interface SqlLine {
  readonly name: string;
  readonly line: string;
  readonly findings: readonly SqlFinding[];
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-readers-"));
  const server = await startServer();
  try {
    const [only] = process.argv.slice(2);
    const wanted = readers.filter(({ name }) => only === undefined || name.includes(only));
    const samples = await samplesOf(server, folder, new Set(wanted.map(queryOf)));
    const columns: Column[] = [];
    for (const reader of wanted) {
      const column = { reader, findings: await findingsOf(reader, samples) };
      columns.push(column);
      console.log(`${reader.format} by ${reader.name}: ${summary(column)}`);
      for (const [at, { verdict, why }] of (column.findings ?? []).entries())
        if (verdict === "wrong" || verdict === "loud")
          console.log(`    ${verdict}: ${cases[at]?.name}: ${why.slice(0, 120)}`);
    }
    if (only === undefined) writePage(columns, await sqlLines(folder));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The databases of the corpus, by those that run SQL. */
async function sqlLines(folder: string): Promise<readonly SqlLine[]> {
  const server = await startTestServer(corpus.length);
  try {
    const dumps = await dumpsOf(server, folder);
    const lines: SqlLine[] = [];
    for (const reader of sqlReaders)
      if (reader.isThere()) lines.push({ ...reader, findings: await sqlFindingsOf(reader, dumps) });
    const findings = await d1FindingsOf(server, dumps);
    return [...lines, { name: "D1", line: "one statement after the other, of `target=d1`", findings }];
  } finally {
    await server.stop();
  }
}

function summary({ findings }: Column): string {
  if (findings === null) return "not installed";
  const count = (verdict: Finding["verdict"]) => findings.filter((one) => one.verdict === verdict).length;
  return `${count("right")} right, ${count("NULL = ''")} with NULL as '', ${count("loud")} loud, ${count("wrong")} wrong`;
}

const marks: Readonly<Record<Finding["verdict"], string>> = {
  right: "",
  "NULL = ''": "=",
  loud: "loud",
  wrong: "**wrong**",
};

/** Puts the tables between the marks of the page. */
function writePage(columns: readonly Column[], sql: readonly SqlLine[]): void {
  const there = columns.filter((column) => column.findings !== null);
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const tables = (["csv", "jsonl"] as const).map((format) => {
    const list = there.filter(({ reader }) => reader.format === format);
    const head = [format === "csv" ? "CSV" : "JSON Lines", ...list.map(({ reader }) => reader.name)];
    const rows = cases.map(({ name }, at) => {
      const faults = list.flatMap(({ reader, findings }) =>
        findings?.[at]?.verdict === "wrong" && reader.faults[name] !== undefined
          ? [`${reader.name}: ${reader.faults[name]}`]
          : [],
      );
      return [name, ...list.map(({ findings }) => marks[findings?.[at]?.verdict ?? "loud"]), faults.join("; ")];
    });
    const interesting = rows.filter((row) => row.slice(1).some((cell) => cell !== ""));
    const all = `${cases.length - interesting.length} more are right by all.`;
    return [
      line([...head, "a fault of the reader, and the way out"]),
      line([...head, ""].map(() => "---")),
      ...interesting.map(line),
      "",
      all,
    ].join("\n");
  });
  const sqlTable = [
    line(["SQL", "", "exact", "loud", "silently wrong", "what it says"]),
    line(["", "", "", "", "", ""].map(() => "---")),
    ...sql.map((one) => {
      const count = (verdict: SqlFinding["verdict"]) =>
        String(one.findings.filter((finding) => finding.verdict === verdict).length);
      const said = new Set(one.findings.flatMap(({ verdict, why }) => (verdict === "loud" ? [spoken(why)] : [])));
      return line([one.name, one.line, count("exact"), count("loud"), count("wrong"), [...said].join("; ")]);
    }),
  ].join("\n");
  const path = join(import.meta.dirname, "../docs/readers.md");
  const [before] = readFileSync(path, "utf8").split("<!-- made by `npm run readers` -->");
  writeFileSync(path, `${before}<!-- made by \`npm run readers\` -->\n\n${[...tables, sqlTable].join("\n\n")}\n`);
}

/** The first line of what a program says, without the names of one database. */
function spoken(why: string): string {
  const [first = ""] = why.trim().split("\n");
  return first.replace(/^-- warning: /, "").replaceAll(/"[^"]*"/g, "…");
}

await main();
process.exit();
