/** Programs of ours that read file after file: a path as JSON on a line of their input, a table as JSON on a line of their output. */
import type { Ran } from "../../test/support/e2e/commands.ts";
import type { Sample, Seen, SeenTable } from "./reader.ts";

/** What such a program is given. */
export function linesOf(samples: readonly Sample[]): string {
  return samples.map(({ path }) => `${JSON.stringify(path)}\n`).join("");
}

/** What it answers. */
export function answersOf({ code, stdout, stderr }: Ran): readonly (SeenTable | Error)[] {
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((answer) => seenTable(JSON.parse(answer)));
}

function seenTable(answer: { error: string } | { names: string[]; rows: Seen[][] }): SeenTable | Error {
  return "error" in answer ? new Error(answer.error) : answer;
}
