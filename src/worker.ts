/** The deployable Worker: a SQLite database behind HTTP that can be dumped. The only file that names bindings. */
import { DurableObject } from "cloudflare:workers";
import { Hono, type Context } from "hono";
import { Exporter } from "./exporter.ts";
import { exportRoutes } from "./routes.ts";
import { requireToken } from "./routes/auth.ts";
import { otherMethods, problem, problemOf, unknownPath } from "./routes/problem.ts";
import { runQuery, type QueryAnswer } from "./routes/query.ts";

export interface Env {
  readonly DATABASE: DurableObjectNamespace<Database>;
  readonly EXPORTS: R2Bucket;
  /** A secret; without it nothing is served. */
  readonly EXPORT_TOKEN?: string;
}

/** One SQLite database. */
export class Database extends DurableObject<Env> {
  readonly #exporter = new Exporter(this.ctx, { bucket: this.env.EXPORTS });

  override fetch(request: Request): Promise<Response> {
    return this.#exporter.fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.#exporter.alarm(info);
  }

  /** Runs SQL, one statement or several, and gives the rows of the last one. */
  query(body: unknown): QueryAnswer {
    return runQuery(this.ctx.storage.sql, body);
  }
}

/** The database's name in the URL, and which one it is without. */
const parameter = "database";
const defaultName = "main";
const maxNameBytes = 255;

function databaseOf(c: Context<{ Bindings: Env }>): DurableObjectStub<Database> {
  return c.env.DATABASE.getByName(c.req.query(parameter) ?? defaultName);
}

const token = (c: Context<{ Bindings: Env }>) => c.env.EXPORT_TOKEN;
const app = new Hono<{ Bindings: Env }>();

app.use(requireToken<Env>(token), async (c, next) => {
  const names = c.req.queries(parameter) ?? [];
  const [name] = names;
  const isGood =
    names.length === 0 || (names.length === 1 && name !== "" && new TextEncoder().encode(name).length <= maxNameBytes);
  if (isGood) return next();
  const detail = `Option "${parameter}" is "${names.join('", "')}"; allowed: one name of 1 to ${maxNameBytes} bytes`;
  return problem({
    status: 400,
    code: "invalid_option",
    detail,
    option: parameter,
    received: name,
    allowed: [`1 to ${maxNameBytes} bytes`],
  });
});
app.route(
  "/export",
  exportRoutes<Env>({ object: databaseOf, bucket: (c) => c.env.EXPORTS, token, objectParameters: [parameter] }),
);
app.post("/query", async (c) => {
  const answer = await databaseOf(c).query(await c.req.json().catch(() => null));
  return "problem" in answer ? problem(answer.problem) : c.json(answer);
});
app.all("/query", otherMethods("POST"));
app.notFound(unknownPath);
app.onError((error) => problemOf(error));

export default app;
