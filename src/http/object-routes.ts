/** The object's side: what `exportRoutes` forwards, answered by the engine. */
import { Hono, type Context } from "hono";
import type { Dump, Engine, JobStatus } from "../api.ts";
import { ExportError } from "../errors.ts";
import { parseList } from "../options/list-options.ts";
import { rejectUnknownOptions } from "../options/refusals.ts";
import { baseHeader, isForwarded, signerOf } from "./forward.ts";
import { downloadPath, methods, paths, statusPath } from "./paths.ts";
import { otherMethods, problem, problemOf, unknownPath } from "./problem.ts";
import { signedQuery } from "./signed-links.ts";

/** Seconds after which a running job is worth another look. */
const retryAfter = { "Retry-After": "2" };
const notForwarded = {
  status: 403,
  code: "forbidden",
  detail: "The exporter answers only what exportRoutes() has forwarded",
};
const fresh = { "Cache-Control": "no-store" };

/** Answers forwarded requests with an engine, and refuses all others: no token has been asked for in front of them. */
export function objectRoutes(engine: Engine): (request: Request) => Promise<Response> {
  const app = new Hono();
  const queryOf = (c: Context) => new URL(c.req.url).searchParams;

  app.use((c, next) => (isForwarded(c.req.raw) ? next() : Promise.resolve(problem(notForwarded))));
  app.get(paths.dump, async (c) => {
    // HEAD comes here, too: nothing may begin for it
    if (c.req.method === "HEAD") return new Response(null, { headers: headersOf(engine.describe(queryOf(c))) });
    const { body, ...described } = engine.dump(queryOf(c));
    return new Response(await awaitFirstChunk(body), { headers: headersOf(described) });
  });
  app.post(paths.dump, async (c) => {
    const job = await engine.start(queryOf(c), idempotencyKey(c));
    const links = linksOf(c, job.dumpId);
    const accepted = { dumpId: job.dumpId, status: job.status, ...links };
    return c.json(accepted, 202, { Location: links.statusUrl, ...retryAfter, ...fresh });
  });
  app.all(paths.dump, otherMethods(...methods.dump));
  app.get(paths.dumps, async (c) => {
    const { limit, cursor } = parseList(queryOf(c));
    const jobs = engine.list({ limit: limit + 1, cursor });
    const dumps = await Promise.all(jobs.slice(0, limit).map((job) => withLinks(c, job)));
    const next = jobs.length > limit ? dumps.at(-1)?.dumpId : undefined;
    return c.json({ dumps, ...(next !== undefined && { cursor: next }) }, 200, fresh);
  });
  app.all(paths.dumps, otherMethods(...methods.dumps));
  app.get(paths.status, async (c) => {
    rejectUnknownOptions(queryOf(c), []);
    const job = engine.status(c.req.param("dumpId"));
    const isOpen = job.status === "running" || job.status === "queued";
    return c.json(await withLinks(c, job), 200, { ...fresh, ...(isOpen && retryAfter) });
  });
  app.delete(paths.status, async (c) => {
    rejectUnknownOptions(queryOf(c), []);
    const job = await engine.delete(c.req.param("dumpId"));
    return c.json({ dumpId: job.dumpId, status: job.status === "cancelled" ? "cancelled" : "deleted" }, 200, fresh);
  });
  app.all(paths.status, otherMethods(...methods.status));
  app.notFound(unknownPath);
  app.onError((error, c) => problemOf(error, hintsFor(error, c)));
  return async (request) => app.fetch(request);
}

function headersOf({ fileName, mediaType }: Omit<Dump, "body">): Record<string, string> {
  return {
    "Content-Type": mediaType,
    "Content-Disposition": `attachment; filename="${fileName}"`,
    "Accept-Ranges": "none", // and no ETag, no date: another download is another file
    "Cache-Control": "no-store, no-transform", // a gzip file is a file, not an encoding
    "X-Content-Type-Options": "nosniff",
  };
}

/** The same stream, once its first chunk is there: what fails before it can still be told with a status. */
async function awaitFirstChunk(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | null = await reader.read();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await reader.read());
        first = null;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** For a database that is too large: the same request as a POST is what works. */
function hintsFor(error: unknown, c: Context): Record<string, unknown> {
  if (!(error instanceof ExportError) || error.code !== "too_large_for_direct") return {};
  return { instead: { method: "POST", url: linkTo(c, paths.dump, new URL(c.req.url).searchParams) } };
}

/** Any visible ASCII, as the draft of the header has it: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function idempotencyKey(c: Context): string | undefined {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined || /^[!-~]{1,255}$/.test(key)) return key;
  const details = { option: "Idempotency-Key", received: key, allowed: ["1 to 255 visible ASCII characters"] };
  throw new ExportError("invalid_option", "The header Idempotency-Key must be 1 to 255 visible ASCII characters", {
    details,
  });
}

async function withLinks(c: Context, job: JobStatus) {
  const { statusUrl, downloadUrl } = linksOf(c, job.dumpId);
  return {
    ...job,
    statusUrl,
    ...(job.status === "complete" && { downloadUrl: await signed(c, job.dumpId, downloadUrl) }),
  };
}

/** The link, good for a while without the token, if the Worker has given a key for that. */
async function signed(c: Context, dumpId: string, url: string): Promise<string> {
  const signer = signerOf(c.req.raw.headers);
  const link = new URL(url);
  if (signer !== null)
    for (const [name, value] of Object.entries(await signedQuery(dumpId, signer))) link.searchParams.set(name, value);
  return link.href;
}

function linksOf(c: Context, dumpId: string) {
  return { statusUrl: linkTo(c, statusPath(dumpId)), downloadUrl: linkTo(c, downloadPath(dumpId)) };
}

/** A link as the caller sees it: where the routes are mounted, with what the Worker needs to find this object again. */
function linkTo(c: Context, path: string, query?: URLSearchParams): string {
  const base = new URL(c.req.header(baseHeader) ?? c.req.url);
  const link = new URL(base);
  link.pathname = `${base.pathname.replace(/\/$/, "")}${path}`;
  for (const [name, value] of query ?? []) link.searchParams.append(name, value);
  return link.href;
}
