/** HEAD: what GET would say, without its body (RFC 9110, section 9.3.2). */
import type { Context, Next } from "hono";

/** Gives the answer to HEAD the length that the answer to GET has, where that is no file: Hono takes the body away, and its length with it. */
export async function withLength(c: Context, next: Next): Promise<void> {
  await next();
  if (c.req.method !== "HEAD" || c.res.body === null) return;
  const { byteLength } = await c.res.arrayBuffer();
  c.res = new Response(null, c.res);
  c.res.headers.set("Content-Length", String(byteLength));
}

/** The request as one for GET, if it is one for HEAD: for answers that are small, and begin nothing. */
export function asGet(request: Request): Request {
  return request.method === "HEAD" ? new Request(request, { method: "GET" }) : request;
}
