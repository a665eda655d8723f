/** What the options of these tests are checked against, and what a refusal says. */
import { formats } from "../../src/index.ts";
import { ExportError } from "../../src/errors.ts";

export const context = { formats, tableNames: () => ["users", "notes", "Ünïcode"] };

/** The refusal: its message, and its details. Throws if there is none. */
export function refusalOf(ask: () => unknown): { readonly code: string; readonly message: string; option: unknown } {
  try {
    ask();
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    return { code: error.code, message: error.message, option: error.details["option"] };
  }
  throw new TypeError("Nothing was refused");
}
