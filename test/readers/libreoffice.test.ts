/** `formulas=guard` against the real LibreOffice: nothing that it opens is a formula, whatever its user takes for the end of a field. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Server } from "../../tools/lib/server.ts";
import { query } from "../../tools/lib/database.ts";
import { has, run } from "../support/e2e/commands.ts";
import { bytesOf, folderFor } from "../support/e2e/files.ts";

const folder = folderFor(afterAll);
const isThere = has("soffice");

/** Separators, text delimiter, UTF-8, from the first line on, …: https://help.libreoffice.org/latest/en-US/text/shared/guide/csv_params.html */
const filters = [
  "44,34,76,1",
  "44/59/9,34,76,1",
  "59,34,76,1",
  "9,34,76,1",
  "32,34,76,1",
  "44/59/9/32/124/58,34,76,1",
  "44/59/9/MRG,34,76,1",
  "44/59/9,34,76,1,,0,false,true",
  "44/59/9,34,76,1,,0,false,true,false,false,false,-1,true", // formulas are evaluated
  "59/32,34,76,1,,0,false,true,true", // blanks at both ends of a field go
  "44/59/9,,76,1", // no text delimiter
  "34,,76,1",
  "44/47/92/46/95/60/62/40/41/123/125,34,76,1",
];

/** What a hostile user may have put in: every sign, behind everything that may end a field. */
const before = [
  "",
  "x;",
  "\t",
  "a\t",
  "\r",
  "\n",
  "a\n",
  "x,",
  "x ",
  " ",
  "x|",
  "x:",
  '"',
  'x"',
  '",',
  '";',
  "\u00a0",
  "\u000b",
  "\ufeff",
  "x;\t",
  "x/",
];
const formulas = [
  "=1+1",
  "=1+1;",
  '=1+1,"',
  "=HYPERLINK(1)",
  "+1+1",
  "-1+1",
  "@SUM(1)",
  "\uff1d1+1",
  "\ufe661+1",
  "=cmd|' /C calc'!A0",
];
const texts = before.flatMap((one) => formulas.map((other) => one + other));

/** The formulas of a CSV file as LibreOffice reads it. */
async function live(name: string, bytes: Uint8Array, filter: string): Promise<readonly string[]> {
  const file = join(folder, `${name}.csv`);
  writeFileSync(file, bytes);
  const profile = `-env:UserInstallation=file://${folder}/profile`;
  const args = [profile, "--headless", "--convert-to", "fods", `--infilter=CSV:${filter}`, "--outdir", folder, file];
  const { code, stderr } = await run("soffice", args);
  if (code !== 0) throw new Error(stderr);
  const opened = readFileSync(join(folder, `${name}.fods`), "utf8");
  expect(opened.split("<table:table-row").length).toBeGreaterThan(texts.length);
  return [...opened.matchAll(/table:formula="([^"]*)"/g)].map(([, formula]) => formula ?? "");
}

describe.runIf(isThere)("LibreOffice", () => {
  let server: Server;
  const files = new Map<string, Uint8Array>();

  beforeAll(async () => {
    server = await startServer();
    await query(server, { sql: `CREATE TABLE t (id INTEGER PRIMARY KEY, "=1+1", "x;=1+1", "a\t=1+1")` });
    for (const text of texts) await query(server, { sql: `INSERT INTO t VALUES (NULL, ?1, ?1, ?1)`, params: [text] });
    for (const one of ["keep", "guard"])
      files.set(one, await bytesOf(server, `/export/dump?format=csv&table=t&formulas=${one}`));
  });
  afterAll(() => server.stop());

  it("finds formulas where nothing is guarded", async () => {
    // in quotes, which a file has around all text, a sign is safe from commas, but not from other separators
    expect((await live("keep", files.get("keep") ?? new Uint8Array(), "59,34,76,1")).length).toBeGreaterThan(50);
  });

  it.each(filters)("finds no formula with formulas=guard, opened as %s", async (filter) => {
    expect(await live("guard", files.get("guard") ?? new Uint8Array(), filter)).toEqual([]);
  });
});

it.skipIf(isThere)("needs LibreOffice (soffice), which is not installed", ({ skip }) => skip());
