/** Figures of a run, as lines of a table. */
import type { Case } from "./cases.ts";
import { median, type Measured } from "./measure.ts";

/** One case's figures. */
export interface Line {
  readonly name: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly megabytesPerSecond: number;
  /** Time by the time of its reference: the median of neighbours in time, and the least and the most of them. */
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
  /** Time by the time of the longest floor. */
  readonly overFloor: number | null;
  /** Of workerd. */
  readonly cpuSeconds: number | null;
  /** Most memory of workerd over its idle, and over the most that its R2 floor needed. */
  readonly peakMiB: number | null;
  readonly peakOverFloorMiB: number | null;
}

export function lineOf(one: Case, measured: ReadonlyMap<string, readonly Measured[]>): Line {
  const runsOf = (name: string | null) => (name === null ? [] : (measured.get(name) ?? []));
  const own = runsOf(one.name);
  const reference = runsOf(one.reference);
  // a ratio is of two neighbours in time, so that whatever slows the machine slows both
  const ratios = own.flatMap(({ seconds }, at) =>
    reference[at] === undefined ? [] : [seconds / reference[at].seconds],
  );
  const seconds = median(own.map((run) => run.seconds));
  const bytes = own[0]?.bytes ?? 0;
  const floors = one.floors.filter((name) => runsOf(name).length > 0);
  const longest = Math.max(...floors.map((name) => median(runsOf(name).map((run) => run.seconds))));
  const peak = Math.max(...own.map((run) => run.peak));
  const peakOf = (name: string) => Math.max(...runsOf(name).map((run) => run.peak));
  const r2 = floors.find((name) => name.startsWith("floor R2"));
  const isOnServer = !one.name.startsWith("sqlite3");
  return {
    name: one.name,
    seconds,
    bytes,
    megabytesPerSecond: bytes / 1e6 / seconds,
    ratio: ratios.length === 0 ? null : median(ratios),
    spread: ratios.length === 0 ? null : [Math.min(...ratios), Math.max(...ratios)],
    overFloor: floors.length === 0 ? null : seconds / longest,
    cpuSeconds: isOnServer ? median(own.map((run) => run.cpu)) : null,
    peakMiB: isOnServer ? peak / 2 ** 20 : null,
    peakOverFloorMiB: r2 === undefined ? null : Math.max(0, peak - peakOf(r2)) / 2 ** 20,
  };
}

const number = (value: number | null | undefined, digits: number) =>
  value === null || value === undefined ? "" : value.toFixed(digits);

const head = ["", "seconds", "MB", "MB/s", "ratio", "from", "to", "/ floor", "CPU s", "peak MiB", "over R2's"];

function cellsOf(line: Line): readonly string[] {
  return [
    line.name,
    number(line.seconds, 2),
    number(line.bytes / 1e6, 1),
    number(line.megabytesPerSecond, 0),
    number(line.ratio, 2),
    number(line.spread?.[0], 2),
    number(line.spread?.[1], 2),
    number(line.overFloor, 2),
    number(line.cpuSeconds, 2),
    number(line.peakMiB, 0),
    number(line.peakOverFloorMiB, 0),
  ];
}

/** For a terminal. */
export function textTable(lines: readonly Line[]): string {
  const cells = [head, ...lines.map(cellsOf)];
  const widths = head.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells
    .map((line) => line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
    .map((line) => line.join("  "))
    .join("\n");
}

/** For `RESULTS.md`. */
export function markdownTable(lines: readonly Line[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    row(head),
    row(head.map((_, at) => (at === 0 ? "---" : "--:"))),
    ...lines.map((line) => row(cellsOf(line))),
  ].join("\n");
}
