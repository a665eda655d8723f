/** A direct download is made while it is sent, so it is had as a whole or not at all: what asks for less is refused, and what cannot show a cut. */
import type { Context, Next } from "hono";
import { problem } from "./problem.ts";

/** Headers of a request for a part of a file (RFC 9110, section 14); `Request-Range` is what Range was called before RFC 2068. */
const partHeaders = ["Range", "If-Range", "Request-Range"] as const;

/**
 * Lets a request for a direct download pass if nobody could make one file of its answer and another one's. A client that is sent everything where
 * it asked for the rest drops as many bytes as it has, and goes on behind them (wget 1.21.3, src/http.c, `rb_skip_startpos`): two states of the
 * database in one file, whose last line says that it is complete. 416 would be no better, as it says that the client has it all (`wget -c` ends with 0).
 */
export function requireWhole(c: Context, next: Next): Response | Promise<void> {
  if (isOldHttp(c.req.raw)) return refuseOldHttp();
  // Range is for GET alone (RFC 9110, section 14.2), and HEAD has no bytes that could be joined
  const asked = c.req.method === "GET" ? partHeaders.find((name) => c.req.header(name) !== undefined) : undefined;
  if (asked !== undefined) {
    const detail =
      `A direct download is made anew for each request, so there is no rest of one (${asked}: ${c.req.header(asked)}): ` +
      "delete the file that has been begun and download it from the beginning; a file that can be gone on with is made by a job, which POST starts";
    return problem({ status: 400, code: "range_not_possible", detail }, { "Accept-Ranges": "none" });
  }
  const match = c.req.header("If-Match");
  if (match !== undefined && match.trim() !== "*") {
    const detail = `A direct download is made anew for each request and has no ETag, so it is not that of If-Match: ${match}`;
    return problem({ status: 412, code: "precondition_failed", detail });
  }
  return next();
}

/**
 * True where the answer goes to somebody over HTTP/1.0. That knows no chunks: an answer whose length is not known ends when the connection does, be
 * it whole or cut (RFC 9112, section 6.3). Cloudflare tells the version that the visitor speaks, proxies that of the request they have received (`Via`).
 */
function isOldHttp(request: Request): boolean {
  const protocol = request.cf?.["httpProtocol"];
  const via = request.headers.get("Via") ?? "";
  return isOld(typeof protocol === "string" ? protocol : "") || via.split(",").some(isOld);
}

/** `HTTP/1.0`, or as `Via` has it, `1.0 host`; 0.9 is older still. */
function isOld(protocol: string): boolean {
  return /^\s*(?:HTTP\/)?(?:1\.0|0\.\d)(?:\s|$)/i.test(protocol);
}

/** 426, as Envoy answers HTTP/1.0, so that who looks for it finds what to set. The header `Upgrade` that goes with it workerd does not send. */
function refuseOldHttp(): Response {
  const detail =
    "Over HTTP/1.0 a download that is cut ends like a whole one: use HTTP/1.1 or later " +
    "(nginx: proxy_http_version 1.1), or start a job with POST, whose file has a length";
  return problem({ status: 426, code: "http_version_too_old", detail });
}
