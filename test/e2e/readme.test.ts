/** What the README says is true: its commands run. Its code is compiled in package.test.ts. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { freePort, startServer } from "../../tools/lib/server.ts";
import { has, run } from "../support/e2e/commands.ts";
import { blocks } from "../support/e2e/pages.ts";
import { temporaryFolder } from "../support/e2e/files.ts";

const root = join(import.meta.dirname, "../..");

describe("the README", () => {
  it("has a demo that proves what it says", async () => {
    const ran = await run(process.execPath, [join(root, "tools/demo.ts")]);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toContain("112,910 rows");
    expect(ran.stdout).toContain("8 tables, all equal\n");
    expect(ran.code).toBe(0);
  });

  it("has curl lines that work, one after the other", async () => {
    if (!has("curl") || !has("sqlite3") || !has("jq")) return;
    const server = await startServer();
    try {
      const folder = temporaryFolder();
      const lines = blocks("README.md", "sh").find((block) => block.includes("curl")) ?? "";
      const job = lines.slice(lines.indexOf('curl -s -H "$AUTH" -X POST'));
      const script = lines.replace("http://127.0.0.1:8787", server.url).replace(job, ""); // what comes after the POST needs its answer
      const first = await run("sh", ["-euc", `cd ${folder}\n${script}`]);
      expect(first).toMatchObject({ code: 0, stderr: "" });
      // what stands behind a line is what it prints
      const printed = [...script.matchAll(/^curl.* {2,}# (.+)$|^sqlite3.* {2,}# (.+)$/gm)].map(
        ([, a, b]) => a ?? b ?? "",
      );
      expect(printed).toHaveLength(2);
      for (const line of printed) expect(first.stdout).toContain(`${line}\n`);
      const copy = new DatabaseSync(join(folder, "copy.db"), { readOnly: true });
      expect(copy.prepare("SELECT * FROM track").all()).toEqual([{ id: 1, title: "So What", seconds: 562.5 }]);
      copy.close();

      const [post, list, download] = job.trim().split("\n");
      const setUp = `cd ${folder}\nAUTH='Authorization: Bearer dev-token'\nURL=${server.url}\n`;
      const { dumpId } = JSON.parse((await run("sh", ["-euc", setUp + post])).stdout);
      await expect
        .poll(async () => JSON.parse((await run("sh", ["-euc", setUp + list])).stdout).dumps[0], { timeout: 20_000 })
        .toMatchObject({ dumpId, status: "complete" });
      expect((await run("sh", ["-euc", setUp + download?.replace("DUMP_ID", dumpId)])).code).toBe(0);
      expect(readdirSync(folder).filter((name) => /^dump_\d{8}-\d{6}\.csv\.gz$/.test(name))).toHaveLength(1);
    } finally {
      await server.stop();
    }
  });

  it("has an npm start that takes arguments, with the token that the README names", async () => {
    const port = await freePort();
    const folder = temporaryFolder();
    const { spawn } = await import("node:child_process");
    const child = spawn(
      process.execPath,
      [join(root, "tools/start.ts"), "--port", String(port), "--persist-to", folder],
      {
        cwd: root,
        stdio: "ignore",
      },
    );
    try {
      const dumps = () =>
        fetch(`http://127.0.0.1:${port}/export/dumps`, { headers: { Authorization: "Bearer dev-token" } }).then(
          (answer) => answer.status,
          () => 0,
        );
      await expect.poll(dumps, { timeout: 60_000, interval: 200 }).toBe(200);
    } finally {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    }
  });

  it("is followed by a page on formats whose table of values is what the formats write", async () => {
    const server = await startServer();
    try {
      const dump = async (query: string) => (await server.fetch(`/export/dump?${query}`)).text();
      const wrong: string[] = [];
      const rows = valueRows();
      expect(rows.length).toBeGreaterThan(25);
      for (const [index, { value, stored, cells }] of rows.entries()) {
        const name = `value_${index}`;
        const sql = `CREATE TABLE ${name} (a); INSERT INTO ${name} VALUES (${stored})`;
        expect((await server.fetch("/query", { method: "POST", body: JSON.stringify({ sql }) })).status).toBe(200);
        const around = [
          { format: "sql", before: `INSERT INTO "${name}" VALUES(`, after: ");\n" },
          { format: "csv", before: '"a"\n', after: "\n" },
          { format: "jsonl", before: '{"a":', after: "}\n" },
        ];
        for (const [column, { format, before, after }] of around.entries()) {
          const cell = cells[column] ?? "";
          const code = cell === "nothing" ? "" : /^`(.*?)`/.exec(cell)?.[1];
          if (code === undefined || code.endsWith("()")) continue; // said in words
          const text = await dump(`format=${format}&table=${name}`);
          if (!text.includes(before + code + after)) wrong.push(`${value} as ${format}: ${text}`);
        }
      }
      expect(wrong).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  it("is followed by a page on formats whose code is the one that is tested", () => {
    const page = readFileSync(join(root, "docs/add-a-format.md"), "utf8");
    for (const name of ["pgcopy.ts", "indexed.ts"]) {
      const code = readFileSync(join(root, "test/support", name), "utf8");
      expect(page).toContain(`\`\`\`ts\n${code.replace("../../formats/format.ts", "durable-export")}\`\`\``);
    }
  });
});

/** The lines of the table of values in docs/formats.md. */
function valueRows() {
  const [, section = ""] = readFileSync(join(root, "docs/formats.md"), "utf8").split("## What becomes of a value");
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) => {
    const [value = "", stored = "", ...cells] = line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.replaceAll("\\|", "|").trim());
    return { value, stored: stored.replaceAll("`", ""), cells };
  });
}
