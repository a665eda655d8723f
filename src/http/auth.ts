/** Bearer tokens (RFC 6750), compared in constant time. */
import type { Context, MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

/** Lets a request pass only with the token; with none configured nothing passes. */
export function requireToken<E extends object>(
  token: (c: Context<{ Bindings: E }>) => string | undefined | Promise<string | undefined>,
): MiddlewareHandler<{ Bindings: E }> {
  return async (c, next) => {
    const refused = await refusal(c.req.header("Authorization"), await token(c));
    if (refused !== null) return refused;
    await next();
  };
}

/** Why a request with this `Authorization` may not pass; null if it may. */
async function refusal(authorization: string | undefined, expected: string | undefined) {
  if (expected === undefined || expected === "") {
    const detail = "No token is configured: set the secret EXPORT_TOKEN (npx wrangler secret put EXPORT_TOKEN)";
    return problem({ status: 503, code: "no_token_configured", detail });
  }
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (given === undefined) {
    const detail = "This needs a token: send the header Authorization: Bearer TOKEN";
    return problem(
      { status: 401, code: "token_missing", detail },
      { "WWW-Authenticate": 'Bearer realm="durable-export"' },
    );
  }
  if (await isSame(given, expected)) return null;
  const challenge = 'Bearer realm="durable-export", error="invalid_token"';
  return problem(
    { status: 401, code: "token_wrong", detail: "The token is not the right one" },
    { "WWW-Authenticate": challenge },
  );
}

/** Digests are of one length, so that not even the token's length shows in the time. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(given), await digest(expected));
}
