/** How a request gets from the Worker to the object. */

/** The host name that forwarded requests have; it exists nowhere else (RFC 6761, `.invalid`). */
export const forwardHost = "durable-export.invalid";

/** Tells the object under which URL the caller sees the routes, with the query that finds the object. */
export const baseHeader = "X-Export-Base";

/** The request as the object gets it: the path below the mount, without the token and what chose the object. */
export function forwarded(request: Request, path: string, objectParameters: readonly string[]): Request {
  const url = new URL(request.url);
  const base = new URL(url.pathname.slice(0, url.pathname.length - path.length), url.origin);
  const target = new URL(path + url.search, `https://${forwardHost}`);
  for (const name of objectParameters) {
    const value = url.searchParams.get(name);
    target.searchParams.delete(name);
    if (value !== null) base.searchParams.set(name, value);
  }
  const headers = new Headers(request.headers);
  headers.delete("Authorization");
  headers.set(baseHeader, base.href);
  return new Request(target, { method: request.method, headers, signal: request.signal });
}
