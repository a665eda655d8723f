/** A page of rows as JSON objects, with its BLOBs, of which it has the hex digits, in the form that is wanted. */
import { concatBytes, hex, utf8 } from "../kit/bytes.ts";
import type { FormatOptions } from "../format.ts";
import { json } from "../kit/json-rows.ts";

const colon = 0x3a;

/** How a BLOB stands in JSON: what is around it, and what its bytes become, of which a piece may be given. */
export interface BlobForm {
  readonly open: string;
  readonly close: string;
  readonly digits: (bytes: Uint8Array) => string;
}

const base64 = (bytes: Uint8Array) => bytes.toBase64();

/** As `blobs=` has it; an object is what sqlite-utils and Datasette read and write. */
export function blobForm({ blobs }: FormatOptions): BlobForm {
  if (blobs === "base64") return { open: '"', digits: base64, close: '"' };
  if (blobs === "hex") return { open: '"', digits: hex, close: '"' };
  return { open: '{"$base64":true,"encoded":"', digits: base64, close: '"}' };
}

/**
 * The page with each BLOB in its form, which is an array of hex digits there. Inside of a text a quote has a backslash in front of it, and
 * behind the end of one stands `,` or `}`: so `:["` and a hex digit, or the next quote, are nothing but a BLOB.
 */
export function withBlobs(page: Uint8Array, form: BlobForm): Uint8Array {
  const { open, quote } = json;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = page.indexOf(open); at !== -1; at = page.indexOf(open, at + 1)) {
    if (page[at - 1] !== colon || page[at + 1] !== quote || !isDigitOrQuote(page[at + 2] ?? 0)) continue;
    const stop = page.indexOf(quote, at + 2);
    const digits = String.fromCharCode(...page.subarray(at + 2, stop));
    parts.push(page.subarray(from, at), utf8(`${form.open}${form.digits(Uint8Array.fromHex(digits))}${form.close}`));
    from = stop + 2;
    at = stop + 1;
  }
  return from === 0 ? page : concatBytes([...parts, page.subarray(from)]);
}

function isDigitOrQuote(sign: number): boolean {
  return sign === json.quote || (sign >= 0x30 && sign <= 0x39) || (sign >= 0x41 && sign <= 0x46);
}
