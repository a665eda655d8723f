import { describe, expect, it } from "vitest";
import { utf8 } from "../../formats/kit/bytes.ts";
import { doubleQuotes, doubleQuoteBytes, withoutReturns } from "../../formats/kit/doubled-quotes.ts";
import { textLiteral } from "../../formats/sql/literal.ts";

const textOf = (made: string | Uint8Array) =>
  typeof made === "string" ? made : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(made);

describe("a sign that would end a text", () => {
  it.each([
    ["none", "abc"],
    ["nothing else", "''''"],
    ["at both ends", "'Привет 😀'"],
    ["a byte order mark first", "\uFEFF'"],
    ["many, in a long text", "it's 'Ünïcode' \uFEFF ".repeat(500)],
    ["no more than a quote in a long text", `${"x".repeat(5000)}'`],
  ])("is there twice: %s", (_, text) => {
    expect(textOf(doubleQuotes(text, "'"))).toBe(text.split("'").join("''"));
    expect(textOf(doubleQuoteBytes(utf8(text), '"'))).toBe(text.split('"').join('""'));
    expect(textLiteral(text)).toBe(`'${text.split("'").join("''")}'`);
  });

  it("stands behind another character where that is for CR", () => {
    expect(textOf(withoutReturns("\r\na\r\u00A0\r", 0x1f))).toBe("\x1F\na\x1F\u00A0\x1F");
  });
});
