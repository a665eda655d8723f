/** Other people's programs, by the lines of `docs/readers.md`: each reads every hostile table right, or says that it cannot. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presets, type Preset } from "../../formats/presets.ts";
import { findingsOf, queries, readers } from "../../tools/readers/all.ts";
import { cases } from "../../tools/readers/cases.ts";
import { samplesOf } from "../../tools/readers/samples.ts";
import { startServer } from "../../tools/lib/server.ts";
import { folderFor } from "../support/e2e/files.ts";

let samples: Awaited<ReturnType<typeof samplesOf>>;

beforeAll(async () => {
  const server = await startServer();
  try {
    samples = await samplesOf(server, folderFor(afterAll), queries);
  } finally {
    await server.stop();
  }
}, 600_000);

const right = readers.filter(({ use }) => use === "right");
const isThere = new Map(await Promise.all(right.map(async (reader) => [reader, await reader.isThere()] as const)));

describe.each(right)("$format, read by $name", (reader) => {
  it.skipIf(isThere.get(reader) !== true)(
    isThere.get(reader) === true ? "is right, or loud" : "is not tried: it is not installed",
    async () => {
      const findings = await findingsOf(reader, samples);
      const wrong = (findings ?? []).flatMap(({ verdict, why }, at) => {
        const name = cases[at]?.name ?? "";
        return verdict !== "wrong" || name in reader.faults ? [] : [`${name}: ${why}`];
      });
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});

it("has a reader for each preset and format", () => {
  const asked = (name: string, { format }: Preset, at: number) =>
    `for=${name}${at === 0 ? "" : `&format=${format.name}`}`;
  const all = Object.entries(presets).flatMap(([name, list]) => list.map((preset, at) => asked(name, preset, at)));
  expect(all.filter((one) => !queries.has(one))).toEqual([]);
});
