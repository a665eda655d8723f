/** Links that let whoever has them fetch one file for a while, without the token: for browsers and `wget`. */

import { hmac } from "../base/hmac.ts";

/** How a link is signed, passed from the Worker, which has the token, to the object, which has the jobs. */
export interface LinkSigner {
  /** Good for the files of one object. */
  readonly key: string;
  /** When links that are made now end, Unix seconds. */
  readonly expires: number;
}

/** The parameters of a signed link. */
export const linkParameters = ["expires", "signature"] as const;

/** The key for the links of one object. The token cannot be told from it. */
export async function linkKey(token: string, objectId: string): Promise<string> {
  return (await hmac(new TextEncoder().encode(token), `durable-export links of ${objectId}`)).toHex();
}

/** The query of a signed link to a dump: for GET and HEAD, until it expires. */
export async function signedQuery(dumpId: string, { key, expires }: LinkSigner): Promise<Record<string, string>> {
  const signature = await hmac(Uint8Array.fromHex(key), signedText(dumpId, expires));
  return { expires: String(expires), signature: signature.toHex() };
}

/** Whether a link is good at a time, Unix milliseconds. Compares signatures in constant time. */
export async function checkLink(
  query: URLSearchParams,
  dumpId: string,
  key: string,
  now: number,
): Promise<"good" | "wrong" | "expired"> {
  const expires = query.get("expires") ?? "";
  const signature = query.get("signature") ?? "";
  if (!/^\d{1,12}$/.test(expires) || !/^[0-9a-f]{64}$/.test(signature)) return "wrong";
  const expected = await hmac(Uint8Array.fromHex(key), signedText(dumpId, Number(expires)));
  if (!crypto.subtle.timingSafeEqual(expected, Uint8Array.fromHex(signature))) return "wrong";
  return Number(expires) * 1000 < now ? "expired" : "good";
}

function signedText(dumpId: string, expires: number): string {
  return `GET ${dumpId} until ${expires}`;
}
