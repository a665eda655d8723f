/** `formulas=guard`: what is changed, byte by byte, and how it is undone. LibreOffice's own word is in test/readers/libreoffice.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guarded, guardedBytes, guardedPage } from "../../formats/csv/formula-guard.ts";
import { textChunks, joinText } from "../../formats/kit/large-values.ts";
import { formulaUnits } from "../support/spreadsheet-texts.ts";

/** As the docs have it: one apostrophe less in front of each sign, and of white space that begins the text. */
const undone = (text: string) =>
  text.replaceAll(/'([=+\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B])/g, "$1").replace(/^'('*[\t\r\n])/, "$1");

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const page = (text: string) => new TextEncoder().encode(JSON.stringify([1, text, -5, [["2B2B"]]]));
const byPage = (text: string) => JSON.parse(new TextDecoder().decode(guardedPage(page(text))))[1];

describe("formulas=guard", () => {
  it.each([
    // OWASP's list, at the beginning
    ["=1+1", "'=1+1"],
    ["+1+1", "'+1+1"],
    ["-1+1", "'-1+1"],
    ["@SUM(1)", "'@SUM(1)"],
    ["\t=1", "'\t'=1"],
    ["\r=1", "'\r'=1"],
    ["\n=1", "'\n'=1"],
    ["\tx", "'\tx"],
    ["\uff1d1", "'\uff1d1"],
    ["\uff0b1", "'\uff0b1"],
    ["\uff0d1", "'\uff0d1"],
    ["\uff201", "'\uff201"],
    ["\ufe661", "'\ufe661"],
    // behind whatever may end a field
    ["x;=1+1", "x;'=1+1"],
    ["x,=1+1", "x,'=1+1"],
    ["x\t=1+1", "x\t'=1+1"],
    ["x =1+1", "x '=1+1"],
    ["x|=1+1", "x|'=1+1"],
    ["x:@a", "x:'@a"],
    ["x\n-1", "x\n'-1"],
    ["x\r\n+1", "x\r\n'+1"],
    ['x";=1', `x";'=1`],
    ["x\\=1", "x\\'=1"],
    ["x\u0000=1", "x\u0000'=1"],
    ["x\uff0c=1", "x\uff0c'=1"],
    ["x\u00a0=1", "x\u00a0'=1"],
    ["\ufeff=1", "\ufeff'=1"],
    ["==", "'='="],
    ["'=1", "''=1"],
    ["''\tx", "'''\tx"],
    // as they are
    ["a=1", "a=1"],
    ["2026-11-27", "2026-11-27"],
    ["a@b.example", "a@b.example"],
    ["déjà-vu, 北京-上海", "déjà-vu, 北京-上海"],
    ["e\u0301-x", "e\u0301-x"],
    ["x\ty\n", "x\ty\n"],
    ["'", "'"],
    ["", ""],
  ])("makes of %j %j, by both paths, and that can be undone", (text, expected) => {
    expect(guarded(text, "")).toBe(expected);
    expect(byPage(text)).toBe(expected);
    expect(undone(expected)).toBe(text);
  });

  it("is undone to what was there, whatever it was", () => {
    const unit = fc.constantFrom(...formulaUnits, "😀");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit }),
          fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
        ),
        (text) => {
          const safe = guarded(text, "");
          expect(undone(safe)).toBe(text);
          expect(byPage(text)).toBe(safe);
          expect(safe).not.toMatch(/(?<![\p{L}\p{N}\p{M}'])[=+\-@\uFF1D\uFE63]/u);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("changes nothing but texts, and hands a page on in which there is nothing to change", () => {
    const bytes = new TextEncoder().encode('[-1,"a-b",-0.5,[["3D3D"]],null],\n[-2,"",+1]');
    expect(guardedPage(bytes)).toBe(bytes);
  });

  it("sees what stands in front of a piece of a large text", () => {
    for (const begin of ["a", ";", "é", "😀", "\uff1d", "'"]) {
      const text = `${"x".repeat(48 * 1024 - begin.length)}${begin}=1;=${";=".repeat(48 * 1024)}`;
      expect(joinText(textChunks(text, guarded))).toBe(guarded(text, ""));
    }
  });

  it("guards bytes that are no UTF-8", () => {
    const bytes = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
    for (const [given, expected] of [
      ["=\xff", "'=\xff"],
      ["\xff=1", "\xff'=1"],
      ["a=\xff;-", "a=\xff;'-"],
      ["\xff\xef\xbc\x9d", "\xff'\xef\xbc\x9d"],
      ["\t\xff", "'\t\xff"],
    ] as const)
      expect(latin1(guardedBytes(bytes(given)))).toBe(expected);
  });
});
