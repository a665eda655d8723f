/** Makes a whole file in a test, as a job makes it. */
import type { Format } from "../../formats/format.ts";
import { formats } from "../../formats/index.ts";
import { concatBytes } from "../../formats/kit/bytes.ts";
import type { Position } from "../file/pipeline.ts";
import { currentEncodingSettings, planOf, usualPage } from "../file/plan.ts";
import type { PageBudget } from "../reader/source.ts";

/** Which file. */
export interface FileToMake {
  readonly format: Format;
  /** Null for all tables. */
  readonly tables: readonly string[] | null;
  /** Behind so many steps the plan is made anew, and the position goes through JSON, as between two slices of a job; absent for never. */
  readonly stepsPerSlice?: number;
  readonly page?: PageBudget;
}

/** The bytes of the file, not compressed. */
export function makeFile(
  sql: SqlStorage,
  { format, tables, stepsPerSlice = Infinity, page = usualPage }: FileToMake,
): Uint8Array {
  const planned = () =>
    planOf(
      sql,
      {
        format,
        compress: "none",
        tables,
        exclude: [],
        content: "all",
        formatOptions: {},
        ...currentEncodingSettings(page),
      },
      [...formats.filter(({ name }) => name !== format.name), format],
    ).pipeline;
  let pipeline = planned();
  let position = pipeline.start();
  const bytes: Uint8Array[] = [];
  for (let steps = 1; !position.isDone; steps++) {
    const step = pipeline.step(position);
    bytes.push(...step.bytes);
    ({ position } = step);
    if (steps % stepsPerSlice !== 0) continue;
    const kept: Position = JSON.parse(JSON.stringify(position));
    position = kept;
    pipeline = planned();
  }
  return concatBytes(bytes.length === 0 ? [new Uint8Array()] : bytes);
}
