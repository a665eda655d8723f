/** LibreOffice, for all spreadsheets: it takes CSV in, and gives what its cells hold as CSV out. */
import { createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { has, run } from "../../test/support/e2e/commands.ts";
import { csvRecords } from "../lib/csv-reader.ts";
import { eachOf, texts, type Reader } from "./reader.ts";

/** As docs/formats.md undoes `formulas=guard`. */
const unguarded = (text: string) =>
  text.replaceAll(/'([=+\-@＝＋－＠﹦﹢﹣﹫])/g, "$1").replace(/^'('*[\t\r\n])/, "$1");

const libreOffice: Reader = {
  name: "LibreOffice, for=excel",
  format: "csv",
  query: "for=excel",
  use: "right",
  faults: {
    numbers:
      "holds 15 digits of a REAL, and none below 2.2e-308, as Excel does: take another program where they matter",
    "NUL in text": "is left out: take JSON Lines",
    "line ends": "CR LF in a text becomes LF",
    "a NULL last": "a sheet does not end in an empty row: give `nulls=NULL`",
    "one column of NULLs and texts": "the same",
    "nothing but NULLs": "the same",
    "one row of NULLs": "the same",
    "nothing but empty texts": "a sheet does not end in an empty row",
    "a text of 1 MB": "a cell holds 65,535 characters, in Excel 32,767",
    "a text of 1 MB with quotes and line feeds": "the same",
    "200 kB of text in each of 10 rows": "the same",
  },
  line: 'separator comma, text delimiter ", UTF-8, quoted fields as text',
  isThere: () => has("soffice"),
  async read(samples) {
    const folder = mkdtempSync(join(tmpdir(), "durable-export-"));
    try {
      // https://help.libreoffice.org/latest/en-US/text/shared/guide/csv_params.html
      const [into, from] = ["44,34,76,1,,0,true,false,false", "44,34,76,1,,0,true"];
      const { code, stderr } = await run("soffice", [
        `-env:UserInstallation=file://${folder}/profile`,
        "--headless",
        "--convert-to",
        `csv:Text - txt - csv (StarCalc):${into}`,
        `--infilter=CSV:${from}`,
        "--outdir",
        join(folder, "out"),
        ...samples.map(({ path }) => path),
      ]);
      if (code !== 0) throw new Error(stderr);
      return await eachOf(samples, async ({ path }) => {
        const saved = join(folder, "out", basename(path));
        if (!existsSync(saved)) throw new Error("It cannot be opened");
        const records = await Array.fromAsync(csvRecords(createReadStream(saved)));
        const [names, ...rows] = records.map((record) =>
          record.map((field) => (field === null ? null : unguarded(field))),
        );
        return { names: names?.map((one) => one ?? "") ?? null, rows: rows.map(texts) };
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Spreadsheets. */
export const spreadsheets: readonly Reader[] = [libreOffice];
