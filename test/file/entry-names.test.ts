import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryNames } from "../../src/file/entry-names.ts";

describe("names of entries", () => {
  it("are the tables' own where that is safe", () => {
    expect(entryNames(["users", "Order Lines", "été", "日本", "a.b", "t_data"])).toEqual([
      "users",
      "Order Lines",
      "été",
      "日本",
      "a.b",
      "t_data",
    ]);
  });

  it.each([
    ["../../etc/passwd", "__.._etc_passwd"],
    ["/absolute", "_absolute"],
    ["a\\b", "a_b"],
    ["..", "_"],
    ["", "_"],
    ["nul\0byte", "nul_byte"],
    ["C:evil", "C_evil"],
    ["CON", "_CON"],
    ["aux.old", "_aux.old"],
    ["schema", "_schema"],
    ["e\u0301".repeat(100), "e\u0301".repeat(66) + "e"],
    ["trailing. ", "trailing_"],
  ])("are made safe: %j", (table, name) => {
    expect(entryNames([table])).toEqual([name]);
  });

  it("differ by more than case", () => {
    expect(entryNames(["é", "É", "a/b", "a_b", "A:B"])).toEqual(["é", "É~2", "a_b", "a_b~2", "A_B~3"]);
    expect(entryNames(["\u00e9", "e\u0301"])).toEqual(["\u00e9", "e\u0301~2"]);
  });

  it("never leave the folder, and never meet, for any names", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (tables) => {
        const names = entryNames(tables);
        expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(tables.length);
        for (const name of names) {
          expect(name).not.toMatch(/[/\\:*?"<>|\0]|^\.|[. ]$|^$/);
        }
      }),
    );
  });
});
