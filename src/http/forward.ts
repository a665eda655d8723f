/** How a request gets from the Worker to the object. */
import { ExportError } from "../errors.ts";
import type { LinkSigner } from "./signed-links.ts";

/** The host name that forwarded requests have; it exists nowhere else (RFC 6761, `.invalid`). */
const forwardHost = "durable-export.invalid";

/**
 * Marks a forwarded request in its `cf`, which only the platform and a Worker can write: whatever a caller sends, host name and
 * headers included, it is not there (https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties).
 */
const mark = "durableExport";

/** True for a request that `exportRoutes` forwarded, and nobody else: behind it a token has been checked. */
export function isForwarded(request: Request): boolean {
  return request.cf?.[mark] === true && !request.headers.has(cfHeader);
}

/**
 * The header from which miniflare makes `cf`, whoever has sent it, and which it leaves where it is (miniflare 5, core/entry.worker.ts): under
 * `wrangler dev` it is what a caller could write the mark with.
 */
const cfHeader = "MF-CF-Blob";

/** Tells the object under which URL the caller sees the routes, with the query that finds the object. */
export const baseHeader = "X-Export-Base";

/** Hands the key for signed links to the object, and when they end: `EXPIRES KEY`. */
const signerHeader = "X-Export-Link-Signer";

/** The signer that the Worker handed on; null where it gave none. */
export function signerOf(headers: Headers): LinkSigner | null {
  const [expires = "", key = ""] = headers.get(signerHeader)?.split(" ") ?? [];
  return key === "" ? null : { expires: Number(expires), key };
}

/** The request as the object gets it: the path below the mount, without the token and what chose the object. */
export function forwarded(
  request: Request,
  path: string,
  objectParameters: readonly string[],
  signer?: LinkSigner,
): Request {
  const url = new URL(request.url);
  // written otherwise (%32 for 2) it would not be where the links begin
  if (!url.pathname.endsWith(path)) throw new ExportError("not_found", `There is nothing at ${url.pathname}`);
  const base = new URL(url.pathname.slice(0, url.pathname.length - path.length), url.origin);
  const target = new URL(path + url.search, `https://${forwardHost}`);
  for (const name of objectParameters) {
    const value = url.searchParams.get(name);
    target.searchParams.delete(name);
    if (value !== null) base.searchParams.set(name, value);
  }
  const headers = new Headers(request.headers);
  headers.delete("Authorization");
  headers.delete("Content-Length"); // no body goes along
  headers.delete(cfHeader);
  headers.set(baseHeader, base.href);
  headers.delete(signerHeader);
  if (signer !== undefined) headers.set(signerHeader, `${signer.expires} ${signer.key}`);
  return new Request(target, { method: request.method, headers, signal: request.signal, cf: { [mark]: true } });
}
