/** A SQL dump cut into its statements, in chunks of any size; the rule for triggers is that of sqlite3_complete(). */
import { isBlank, tokensOf } from "../../formats/kit/tokens.ts";

/** Where something begins that may hold a semicolon, or a statement ends. */
const special = /['"`[;]|--|\/\*/g;
const closing: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/" };
/** How far into a statement its first words are looked for. */
const headCharacters = 1_000;

/** Cuts text into whole statements. */
export class Splitter {
  #text = "";
  #scanned = 0;
  #start = 0;

  /** Takes more text, and gives the statements that are whole, each with its `;` and what stands in front of it. */
  *push(more: string): Generator<string> {
    this.#text += more;
    for (;;) {
      special.lastIndex = this.#scanned;
      const found = special.exec(this.#text);
      if (found === null) break;
      const close = closing[found[0]];
      if (close === undefined) {
        this.#scanned = special.lastIndex;
        if (!this.#isWhole()) continue;
        yield this.#text.slice(this.#start, this.#scanned);
        this.#start = this.#scanned;
        continue;
      }
      const end = this.#text.indexOf(close, special.lastIndex);
      // What is open, or ends where the chunk does, may go on in the next one.
      if (end === -1 || end + close.length === this.#text.length) break;
      this.#scanned = end + close.length; // a doubled quote is two strings that touch
    }
    this.#text = this.#text.slice(this.#start);
    this.#scanned -= this.#start;
    this.#start = 0;
  }

  /** What is left at the end: comments. */
  rest(): string {
    return this.#text;
  }

  /** A trigger ends with `; END ;`, everything else with the first `;`. */
  #isWhole(): boolean {
    const words = (text: string) =>
      tokensOf(text)
        .filter((token) => !isBlank(token))
        .map((token) => token.toLowerCase());
    const [first, second, third] = words(this.#text.slice(this.#start, this.#start + headCharacters));
    const isTrigger =
      first === "create" && (second === "trigger" || (/^temp(?:orary)?$/.test(second ?? "") && third === "trigger"));
    return !isTrigger || words(this.#text.slice(this.#start, this.#scanned)).slice(-3).join(" ") === "; end ;";
  }
}

/** The statements of a whole dump, without the comments behind the last one. */
export function statementsOf(dump: string): readonly string[] {
  return [...new Splitter().push(dump)];
}
