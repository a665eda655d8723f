/** The Worker's side: who may ask, which object answers, and downloads that never wake it. */
import { Hono, type Context } from "hono";
import { objectKey } from "./engine.ts";
import { requireToken } from "./routes/auth.ts";
import { download, type DownloadBucket } from "./routes/download.ts";
import { forwarded } from "./routes/forward.ts";
import { otherMethods, problem, problemOf, unknownPath } from "./routes/problem.ts";

/** Where the routes find what they need, for each request. */
export interface ExportRoutesOptions<E extends object> {
  /** The Durable Object that holds the data and the `Exporter`. */
  readonly object: (c: Context<{ Bindings: E }>) => Pick<DurableObjectStub, "id" | "fetch">;
  /** The bucket that the `Exporter` was given. */
  readonly bucket: (c: Context<{ Bindings: E }>) => DownloadBucket;
  /** The bearer token; with none, every route answers 503. */
  readonly token: (c: Context<{ Bindings: E }>) => string | undefined;
  /** Query parameters that `object` reads: links carry them along, and they are no options of an export. */
  readonly objectParameters?: readonly string[];
}

/** Routes for dumps, to be mounted where the host likes: `app.route("/export", exportRoutes<Env>({ … }))`. */
export function exportRoutes<E extends object>(options: ExportRoutesOptions<E>): Hono<{ Bindings: E }> {
  const app = new Hono<{ Bindings: E }>();
  const parameters = options.objectParameters ?? [];
  const forward = (path: (c: Context<{ Bindings: E }>) => string) => (c: Context<{ Bindings: E }>) =>
    options.object(c).fetch(forwarded(c.req.raw, path(c), parameters));

  app.use(requireToken(options.token));
  app.on(
    ["GET", "POST"],
    "/dump",
    forward(() => "/dump"),
  );
  app.all("/dump", otherMethods("GET", "POST"));
  app.get(
    "/dumps",
    forward(() => "/dumps"),
  );
  app.all("/dumps", otherMethods("GET"));
  app.on(
    ["GET", "DELETE"],
    "/dump/:dumpId",
    forward((c) => `/dump/${dumpIdOf(c)}`),
  );
  app.all("/dump/:dumpId", otherMethods("GET", "DELETE"));
  app.get("/dump/:dumpId/download", async (c) => {
    const object = options.object(c);
    const dumpId = dumpIdOf(c);
    const found = await download(options.bucket(c), objectKey(object.id.toString(), dumpId), c.req.raw);
    if (found !== null) return found;
    // Only now the object is asked: it knows why there is no file.
    const statusUrl = c.req.url.replace(/\/download(?=$|\?)/, "");
    const status = await object.fetch(forwarded(new Request(statusUrl), `/dump/${dumpId}`, parameters));
    return status.ok ? notThere(dumpId, await status.json()) : status;
  });
  app.all("/dump/:dumpId/download", otherMethods("GET", "HEAD"));
  app.notFound(unknownPath);
  app.onError((error) => problemOf(error));
  return app;
}

/** Ids are made of digits, letters and hyphens; anything else must not get into a key or a path. */
function dumpIdOf(c: Context): string {
  const dumpId = c.req.param("dumpId") ?? "";
  return /^[0-9a-z-]{1,64}$/i.test(dumpId) ? dumpId : "unknown";
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
