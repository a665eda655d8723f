/** The key of the last row, out of what a page's query gives. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../formats/kit/bytes.ts";
import { lastRepeats, mark, markedKey, runLength } from "../../src/reader/page-key.ts";

describe("the key of a row", () => {
  it.each([
    ["[1]", [["i", "1"]]],
    ["[9223372036854775807,-0.5,1.0e+300]", [["i", "9223372036854775807"], ["r", "-0.5"], ["r", "1.0e+300"]]], // prettier-ignore
    ['["é\\"]",["FF00"],""]', [["t", "c3a9225d"], ["b", "FF00"], ["t", ""]]], // prettier-ignore
    ['["a\\u0000b"]', [["t", "610062"]]],
  ])("is read with its storage classes: %s", (line, cells) => {
    expect(markedKey(utf8(line))).toEqual(cells);
    expect(markedKey(utf8(`[5]\n${line}`))).toEqual(cells);
  });

  it("is none where it is no UTF-8", () => {
    expect(markedKey(new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d]))).toBeNull();
  });

  it("begins with a byte that is in no JSON", () => {
    expect(JSON.stringify(String.fromCharCode(mark))).toBe('"\\u0002"');
  });
});

describe("keys that repeat", () => {
  it.each([
    [["1"], 1],
    [["1", "2"], 1],
    [["1", "2", "2"], 2],
    [["2", "2", "2"], 3],
    [["2", "1", "2"], 1],
    [[], 0],
  ])("are counted from the end: %j", (list, length) => {
    expect(runLength(list)).toBe(length);
    const keys = list.join("\n");
    const buffer = new ArrayBuffer(keys.length);
    new Uint8Array(buffer).set(utf8(keys));
    if (length > 0) expect(lastRepeats({ kind: "repeated", sql: "_t.rowid" }, buffer)).toBe(length);
    expect(lastRepeats({ kind: "rowid", sql: "_t.rowid" }, buffer)).toBe(0);
  });
});
