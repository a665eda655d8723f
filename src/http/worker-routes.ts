/** The Worker's side: who may ask, which object answers, and downloads that never wake it. */
import { Hono, type Context } from "hono";
import { objectKey } from "../api.ts";
import { ExportError } from "../errors.ts";
import { rejectUnknownOptions } from "../options/refusals.ts";
import { requireToken } from "./auth.ts";
import { download, type DownloadBucket } from "./stored-download.ts";
import { asGet, withLength } from "./head-requests.ts";
import { forwarded } from "./forward.ts";
import { checkLink, linkKey, linkParameters } from "./signed-links.ts";
import { requireWhole } from "./whole-downloads.ts";
import { methods, paths, statusPath } from "./paths.ts";
import { otherMethods, problem, problemOf, unknownPath } from "./problem.ts";

/** A link to a finished dump lets it be fetched without the token for so long, in seconds. */
const linkSeconds = 3600;

type MaybePromise<T> = T | Promise<T>;

/** Where the routes find what they need, for each request. */
export interface ExportRoutesOptions<E extends object> {
  /** The Durable Object that holds the data and the `Exporter`. What it throws is an answer if it is Hono's `HTTPException`. */
  readonly object: (c: Context<{ Bindings: E }>) => MaybePromise<Pick<DurableObjectStub, "id" | "fetch">>;
  /** The bucket that the `Exporter` was given. */
  readonly bucket: (c: Context<{ Bindings: E }>) => MaybePromise<DownloadBucket>;
  /** The bearer token; with none, every route answers 503. */
  readonly token: (c: Context<{ Bindings: E }>) => MaybePromise<string | undefined>;
  /** Query parameters that `object` reads: links carry them along, and they are no options of an export. @default none */
  readonly objectParameters?: readonly string[];
  /** Seconds for which the `downloadUrl` of a finished dump lets anyone fetch it without the token. @default 3,600 */
  readonly linkSeconds?: number;
}

/** Routes for dumps, to be mounted where the host likes: `app.route("/export", exportRoutes<Env>({ … }))`. */
export function exportRoutes<E extends object>(options: ExportRoutesOptions<E>): Hono<{ Bindings: E }> {
  const app = new Hono<{ Bindings: E }>();
  const parameters = options.objectParameters ?? [];
  const forward = (path: (c: Context<{ Bindings: E }>) => string) => async (c: Context<{ Bindings: E }>) => {
    const request = path(c) === paths.dump ? c.req.raw : asGet(c.req.raw);
    const object = await objectFor(c, options);
    const expires = Math.floor(Date.now() / 1000) + (options.linkSeconds ?? linkSeconds);
    const key = await linkKey((await options.token(c)) ?? "", object.id.toString());
    return object.fetch(forwarded(request, path(c), parameters, { expires, key }));
  };

  app.use(withLength);
  app.get(paths.download, async (c, next) => {
    // a link for GET is one for HEAD, which comes here, too
    if (c.req.query("signature") === undefined || c.req.header("Authorization") !== undefined) return next();
    const token = await options.token(c);
    if (token === undefined || token === "") return next();
    const { id } = await objectFor(c, options);
    const key = await linkKey(token, id.toString());
    const link = await checkLink(new URL(c.req.url).searchParams, dumpIdOf(c), key, Date.now());
    if (link === "good") return fileOf(c, options);
    const detail =
      link === "expired" ? "This link has expired; the dump's status has a new one" : "This link is not valid";
    return problem({ status: 403, code: `link_${link}`, detail });
  });
  app.use(requireToken(options.token));
  app.get(paths.dump, async (c, next) => requireWhole(c, next));
  app.post(paths.dump, async (c, next) => {
    // Options that somebody believes to have sent must not be passed over.
    if (c.req.raw.body === null || (await isEmpty(c.req.raw.body))) return next();
    const detail = "The options of POST /dump are read from the URL, not from a body: send them as ?format=csv&gzip=1";
    return problem({ status: 400, code: "invalid_option", detail });
  });
  app.on(
    ["GET", "POST"],
    paths.dump,
    forward(() => paths.dump),
  );
  app.all(paths.dump, otherMethods(...methods.dump));
  app.get(
    paths.dumps,
    forward(() => paths.dumps),
  );
  app.all(paths.dumps, otherMethods(...methods.dumps));
  app.on(
    ["GET", "DELETE"],
    paths.status,
    forward((c) => statusPath(dumpIdOf(c))),
  );
  app.all(paths.status, otherMethods(...methods.status));
  app.get(paths.download, (c) => {
    rejectUnknownOptions(new URL(c.req.url).searchParams, [...parameters, ...linkParameters]);
    return fileOf(c, options);
  });
  app.all(paths.download, otherMethods(...methods.download));
  app.notFound(unknownPath);
  app.onError((error) => problemOf(error));
  return app;
}

/** The file of a finished dump, straight from the bucket, or why there is none. */
async function fileOf<E extends object>(
  c: Context<{ Bindings: E }>,
  options: ExportRoutesOptions<E>,
): Promise<Response> {
  const { bucket, objectParameters = [] } = options;
  const object = await objectFor(c, options);
  const dumpId = dumpIdOf(c);
  const found = await download(await bucket(c), objectKey(object.id.toString(), dumpId), c.req.raw);
  if (found !== null) return found;
  // Only now the object is asked: it knows why there is no file.
  const statusUrl = new URL(c.req.url);
  statusUrl.pathname = statusUrl.pathname.replace(/\/download$/, "");
  const kept = [...statusUrl.searchParams].filter(([name]) => objectParameters.includes(name));
  statusUrl.search = new URLSearchParams(kept).toString();
  const status = await object.fetch(forwarded(new Request(statusUrl), statusPath(dumpId), objectParameters));
  return status.ok ? notThere(dumpId, await status.json()) : status;
}

/** The object that answers. Throws `invalid_option` where the platform takes what the host has made an id of for none. */
async function objectFor<E extends object>(c: Context<{ Bindings: E }>, { object }: ExportRoutesOptions<E>) {
  try {
    return await object(c);
  } catch (cause) {
    if (!(cause instanceof TypeError) || !/Durable ?Object ?(?:ID|name|Namespace)/i.test(cause.message)) throw cause;
    throw new ExportError("invalid_option", `There is no object for this request: ${cause.message}`, { cause });
  }
}

/** Ids are made of digits, letters and hyphens; anything else must not get into a key or a path. */
function dumpIdOf(c: Context): string {
  const dumpId = c.req.param("dumpId") ?? "";
  if (/^[0-9a-z-]{1,64}$/i.test(dumpId)) return dumpId;
  throw new ExportError("not_found", `There is no dump "${dumpId}"`, { details: { dumpId } });
}

/** True if a body ends before its first byte; no more of it is read. */
async function isEmpty(body: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value.length > 0) return done;
    }
  } finally {
    await reader.cancel();
  }
}

function notThere(dumpId: string, job: unknown): Response {
  const status = typeof job === "object" && job !== null && "status" in job ? String(job.status) : "unknown";
  if (status === "running" || status === "queued") {
    const detail = `Dump ${dumpId} is ${status}: there is no file yet`;
    return problem({ status: 409, code: "not_complete", detail, dumpStatus: status }, { "Retry-After": "2" });
  }
  const detail = `Dump ${dumpId} is ${status}: there is no file`;
  return problem({
    status: status === "complete" ? 410 : 409,
    code: status === "complete" ? "gone" : "not_complete",
    detail,
    dumpStatus: status,
  });
}
