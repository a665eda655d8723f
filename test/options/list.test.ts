import { describe, expect, it } from "vitest";
import { parseList } from "../../src/options/list-options.ts";
import { refusalOf } from "./cases.ts";

const list = (query: string) => parseList(new URLSearchParams(query));

describe("the list of jobs", () => {
  it.each([
    ["", { limit: 100, cursor: null }],
    ["limit=1", { limit: 1, cursor: null }],
    ["limit=1000&cursor=20240101-170000-3e7a1b2c", { limit: 1000, cursor: "20240101-170000-3e7a1b2c" }],
  ])("takes '%s'", (query, wanted) => {
    expect(list(query)).toEqual(wanted);
  });

  it.each([
    ["limit=0", 'Option "limit" is "0"; allowed: 1 to 1000'],
    ["limit=1001", 'Option "limit" is "1001"; allowed: 1 to 1000'],
    ["limit=01", 'Option "limit" is "01"; allowed: 1 to 1000'],
    ["limit=1e2", 'Option "limit" is "1e2"; allowed: 1 to 1000'],
    ["limit=", 'Option "limit" is ""; allowed: 1 to 1000'],
    ["limit=1&limit=2", 'Option "limit" was given 2 times; allowed: one value'],
    ["cursor=", 'Option "cursor" is ""; allowed: the cursor of the page before'],
    ["cursor=a'b", `Option "cursor" is "a'b"; allowed: the cursor of the page before`],
    ["page=2", 'There is no option "page" here; allowed: limit, cursor'],
  ])("refuses '%s'", (query, message) => {
    expect(refusalOf(() => list(query))).toMatchObject({ code: "invalid_option", message });
  });
});
