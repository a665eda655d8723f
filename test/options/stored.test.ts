import { expect, it } from "vitest";
import { csv } from "../../src/index.ts";
import { parseJobOptions } from "../../src/options/parse.ts";
import { isSameRequest, storedOptions } from "../../src/options/stored.ts";
import { context } from "./cases.ts";

const stored = (query: string) => storedOptions(parseJobOptions(new URLSearchParams(query), context));

it("keeps a value for each option, and the format by its name", () => {
  expect(stored("format=csv&verify=1&table=users")).toMatchObject({
    format: csv.name,
    tables: ["users"],
    exclude: [],
    content: "all",
    consistency: "snapshot",
    formatOptions: { nulls: "", bom: "0" },
    verify: true,
    onSchemaChange: "fail",
    onUndoLimit: "fail",
    callback: null,
  });
});

it.each([
  ["", "format=sql&gzip=0", true],
  ["gzip=1&table=users", "table=USERS&compress=gzip", true],
  ["for=mysql", "format=csv&nulls=NULL", true],
  ["", "verify=1", false],
  ["", "compress=zstd", false],
  ["compress=gzip", "compress=zstd", false],
  ["target=d1", "", false],
])("'%s' and '%s' ask for the same job: %s", (one, other, isSame) => {
  expect(isSameRequest(stored(one), stored(other))).toBe(isSame);
});

it("takes an option that an older release did not keep for its default", () => {
  const { onUndoLimit: _, ...older } = stored("table=users");
  expect(isSameRequest({ ...older, onUndoLimit: "fail" }, stored("table=users"))).toBe(true);
  const text = JSON.stringify(older);
  expect(isSameRequest(JSON.parse(text), stored("table=users"))).toBe(true);
  expect(isSameRequest(JSON.parse(text), stored("table=users&onUndoLimit=fuzzy"))).toBe(false);
});
