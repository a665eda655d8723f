/** A page of rows as JSON objects, with the hex digits of its BLOBs made base64. */
import { concatBytes, utf8 } from "./bytes.ts";
import { json } from "./json-rows.ts";

const colon = 0x3a;

/** How a BLOB stands in JSON, around its base64: what sqlite-utils and Datasette read and write. */
export const blobStart = '{"$base64":true,"encoded":"';
export const blobEnd = '"}';

/**
 * The page with `{"$base64":true,"encoded":"…"}` for each array of hex digits. Inside of a text a quote has a backslash in front of it, and
 * behind the end of one stands `,` or `}`: so `:["` and a hex digit, or the next quote, are nothing but a BLOB.
 */
export function withBase64(page: Uint8Array): Uint8Array {
  const { open, quote } = json;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = page.indexOf(open); at !== -1; at = page.indexOf(open, at + 1)) {
    if (page[at - 1] !== colon || page[at + 1] !== quote || !isDigitOrQuote(page[at + 2] ?? 0)) continue;
    const stop = page.indexOf(quote, at + 2);
    const digits = String.fromCharCode(...page.subarray(at + 2, stop));
    parts.push(page.subarray(from, at), utf8(`${blobStart}${Uint8Array.fromHex(digits).toBase64()}${blobEnd}`));
    from = stop + 2;
    at = stop + 1;
  }
  return from === 0 ? page : concatBytes([...parts, page.subarray(from)]);
}

function isDigitOrQuote(sign: number): boolean {
  return sign === json.quote || (sign >= 0x30 && sign <= 0x39) || (sign >= 0x41 && sign <= 0x46);
}
