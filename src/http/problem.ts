/** Errors as `application/problem+json` (RFC 9457), with a stable `code`. */
import type { Context } from "hono";
import { ExportError, type ExportErrorCode } from "../errors.ts";

/** The HTTP status of each code of `ExportError`. */
export const statuses: Readonly<Record<ExportErrorCode, number>> = {
  invalid_option: 400,
  unknown_table: 400,
  not_found: 404,
  not_complete: 409,
  too_large_for_direct: 413,
  too_many_downloads: 429,
  idempotency_conflict: 422,
  no_bucket: 503,
  schema_changed: 409,
  plan_changed: 409,
  snapshot_too_old: 409,
  name_taken: 409,
  stalled: 500,
  too_many_jobs: 429,
  data_unreadable: 500,
  storage_failed: 502,
  upload_lost: 502,
  checksum_mismatch: 502,
  object_missing: 502,
  too_many_parts: 500,
  unknown_version: 409,
  internal: 500,
};

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** What a problem document holds besides its title. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  /** One sentence: what was wrong, and what is allowed. */
  readonly detail: string;
  readonly [member: string]: unknown;
}

/** A response that says what was wrong. */
export function problem({ status, code, detail, ...members }: Problem, headers: Record<string, string> = {}): Response {
  const document = { type: "about:blank", title: titles[status] ?? "Error", status, detail, code, ...members };
  return Response.json(document, {
    status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  });
}

/** The response for an error that was thrown; what is not the caller's to know is logged, not sent. */
export function problemOf(error: unknown, more: Readonly<Record<string, unknown>> = {}): Response {
  if (error instanceof ExportError) {
    const { code, message, details } = error;
    const headers: Record<string, string> = statuses[code] === 429 ? { "Retry-After": "10" } : {};
    return problem({ ...details, ...more, status: statuses[code], code, detail: message }, headers);
  }
  const answer = hostsAnswer(error);
  if (answer !== null) return answer;
  console.error("Cannot answer a request:", error);
  return problem({ status: 500, code: "internal", detail: "The request failed; the Worker's log says why" });
}

/**
 * What a host's own code has thrown as an answer, as Hono has it (`HTTPException`): its response, or its status and its message. Told by its shape, as
 * the host may have a Hono of its own.
 */
function hostsAnswer(error: unknown): Response | null {
  if (!(error instanceof Error) || !("status" in error) || !("getResponse" in error)) return null;
  const { status, message } = error;
  if ("res" in error && error.res instanceof Response) return error.res;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 400 || status > 599) return null;
  return problem({ status, code: "refused_by_host", detail: message === "" ? (titles[status] ?? "Error") : message });
}

/** For a path that nothing answers. */
export function unknownPath(c: Context): Response {
  return problem({ status: 404, code: "not_found", detail: `There is nothing at ${c.req.path}` });
}

/** For a path that answers other methods than this one (RFC 9110, section 15.5.6). */
export function otherMethods(...allowed: readonly string[]) {
  return (c: Context): Response => {
    const allow = allowed.join(", ");
    const detail = `${c.req.method} is not possible here; allowed: ${allow}`;
    return problem({ status: 405, code: "method_not_allowed", detail, allowed }, { Allow: allow });
  };
}
