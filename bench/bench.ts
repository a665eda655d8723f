/** `npm run bench -- [--size 100MB] [--kind mix] [--runs 5] [--only TEXT] [--json] [--profile]`: ours beside the sqlite3 shell, in turns. */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { databaseFile, kinds, tablesIn, type Kind } from "./data.ts";
import { download, median, runCommand, runJob, runOnServer, type Measured } from "./measure.ts";
import { serverWith } from "./place.ts";
import { profiled, type Own } from "./profile.ts";
import type { Server } from "../scripts/lib/server.ts";
import { bytesOf } from "./size.ts";

/** Something to time, and the shell's way to the same kind of file. */
interface Case {
  readonly name: string;
  readonly reference: string | null;
  readonly run: () => Promise<Measured>;
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "100MB" },
    kind: { type: "string", default: "mix" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
const size = bytesOf(values.size);
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs is ${values.runs}, allowed: 1 or more`);
const wantedKinds = values.kind === "all" ? kinds : kinds.filter((kind) => kind === values.kind);
if (wantedKinds.length === 0) throw new Error(`--kind is ${values.kind}, allowed: ${kinds.join(", ")} or all`);

const folder = join(import.meta.dirname, "../.bench");
const results: unknown[] = [];
for (const kind of wantedKinds) results.push(...(await bench(kind)));
if (values.json) console.log(JSON.stringify(results, null, 2));

async function bench(kind: Kind) {
  const file = databaseFile(folder, kind, size);
  const tables = tablesIn(file);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const server = await serverWith(file);
  try {
    const selects = tables.map((table) => `SELECT * FROM "${table.name}";`).join(" ");
    const shell: Readonly<Record<string, string>> = {
      ".dump": `sqlite3 '${file}' .dump`,
      "-csv": `sqlite3 -csv -header '${file}' '${selects}'`,
      "-json": `sqlite3 -json '${file}' '${selects}'`,
      ".dump | gzip -6": `sqlite3 '${file}' .dump | gzip -6`,
      "-csv | gzip -6": `sqlite3 -csv -header '${file}' '${selects}' | gzip -6`,
      "-json | gzip -6": `sqlite3 -json '${file}' '${selects}' | gzip -6`,
    };
    const all: Case[] = [
      ...Object.entries(shell).map(([name, command]) => ({
        name: `sqlite3 ${name}`,
        reference: null,
        run: () => runCommand(command),
      })),
      ...["GET", "POST"].flatMap((method) =>
        ["sql", "csv", "jsonl"].flatMap((format) =>
          ["0", "1"].map((gzip) => {
            const query = `format=${format}&gzip=${gzip}`;
            const name = { sql: ".dump", csv: "-csv", jsonl: "-json" }[format] ?? "";
            return {
              name: `${method} ${format}${gzip === "1" ? " gzip" : ""}`,
              reference: `sqlite3 ${name}${gzip === "1" ? " | gzip -6" : ""}`,
              run: () =>
                runOnServer(server, () =>
                  method === "GET" ? download(server, `/export/dump?${query}`) : runJob(server, query),
                ),
            };
          }),
        ),
      ),
    ];
    const cases = all.filter(
      (one) =>
        one.name.includes(values.only) ||
        all.some((other) => other.reference === one.name && other.name.includes(values.only)),
    );
    if (values.profile) {
      for (const one of cases.filter(({ reference }) => reference !== null))
        printProfile(one.name, await profileOf(server, one));
      return [];
    }
    const measured = new Map<string, Measured[]>(cases.map((one) => [one.name, []]));
    for (let run = 0; run < runs; run++) {
      for (const one of cases) {
        measured.get(one.name)?.push(await one.run());
        if (process.stderr.isTTY) process.stderr.write(`\r${kind}: run ${run + 1} of ${runs}, ${one.name}\u001b[K`);
      }
    }
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
    const lines = cases.map((one) => lineOf(one, measured));
    if (!values.json)
      print(
        `${kind}, ${values.size}: ${rows.toLocaleString("en")} rows in ${tables.length} tables, medians of ${runs}`,
        lines,
      );
    return lines.map((line) => ({ kind, size, rows, ...line }));
  } finally {
    await server.stop();
  }
}

/** A first run is not watched: it fills the caches of all who take part. */
async function profileOf(server: Server, one: Case): Promise<readonly Own[]> {
  await one.run();
  return profiled(server, one.run);
}

function printProfile(name: string, own: readonly Own[]): void {
  const all = own.reduce((sum, { ms }) => sum + ms, 0);
  const share = (ms: number) => `${ms.toFixed(0).padStart(7)} ms ${((100 * ms) / all).toFixed(1).padStart(5)} %`;
  const byStage = Map.groupBy(own, ({ stage }) => stage);
  const sums = [...byStage].map(([stage, list]) => ({ stage, ms: list.reduce((sum, { ms }) => sum + ms, 0) }));
  console.log(`\n${name}: ${all.toFixed(0)} ms`);
  for (const { stage, ms } of sums.toSorted((a, b) => b.ms - a.ms)) console.log(`${share(ms)}  ${stage}`);
  console.log("of these:");
  for (const { name: functionName, ms } of own.slice(0, 8)) console.log(`${share(ms)}  ${functionName}`);
}

function lineOf(one: Case, measured: ReadonlyMap<string, readonly Measured[]>) {
  const own = measured.get(one.name) ?? [];
  const reference = one.reference === null ? [] : (measured.get(one.reference) ?? []);
  // a ratio is of two neighbours in time, so that whatever slows the machine slows both
  const ratios = own.flatMap(({ seconds }, at) =>
    reference[at] === undefined ? [] : [seconds / reference[at].seconds],
  );
  const seconds = median(own.map((run) => run.seconds));
  const bytes = own[0]?.bytes ?? 0;
  return {
    name: one.name,
    seconds,
    bytes,
    megabytesPerSecond: bytes / 1e6 / seconds,
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: ratios.length === 0 ? null : [Math.min(...ratios), Math.max(...ratios)],
    cpuSeconds: one.reference === null ? null : median(own.map((run) => run.cpu)),
    peakMiB: one.reference === null ? null : Math.max(...own.map((run) => run.peak)) / 2 ** 20,
  };
}

function print(title: string, lines: readonly ReturnType<typeof lineOf>[]): void {
  const number = (value: number | null | undefined, digits: number) =>
    value === null || value === undefined ? "" : value.toFixed(digits);
  const cells = [
    ["", "seconds", "MB", "MB/s", "ratio", "from", "to", "CPU s", "peak MiB"],
    ...lines.map((line) => [
      line.name,
      number(line.seconds, 2),
      number(line.bytes / 1e6, 1),
      number(line.megabytesPerSecond, 0),
      number(line.ratio, 2),
      number(line.spread?.[0], 2),
      number(line.spread?.[1], 2),
      number(line.cpuSeconds, 2),
      number(line.peakMiB, 0),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const line of cells)
    console.log(
      line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
    );
}
