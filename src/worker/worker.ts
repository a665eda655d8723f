/** The deployable Worker: a SQLite database behind HTTP that can be dumped. The only file that names bindings. */
import { DurableObject } from "cloudflare:workers";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ExportError } from "../errors.ts";
import { Exporter } from "../exporter.ts";
import { MiB } from "../base/units.ts";
import { rejectUnknownOptions } from "../options/refusals.ts";
import { exportRoutes } from "../http/worker-routes.ts";
import { requireToken } from "../http/auth.ts";
import { otherMethods, problem, problemOf, unknownPath } from "../http/problem.ts";
import { runQuery, type QueryAnswer } from "./query.ts";
import { failedCommit } from "./atomic-statements.ts";

/** The bindings of wrangler.toml (`npm run types`), and what is set where the Worker is deployed. */
export interface Env extends WorkerBindings {
  /** A secret; without it nothing is served. */
  readonly EXPORT_TOKEN?: string;
  /** Hosts that `callback=` may name, with commas between; without it nobody is called. */
  readonly EXPORT_CALLBACK_HOSTS?: string;
  /** A secret, `whsec_` and base64: signs what is sent to them. */
  readonly EXPORT_CALLBACK_SECRET?: string;
}

/** One SQLite database. */
export class Database extends DurableObject<Env> {
  readonly #exporter = new Exporter(this.ctx, {
    bucket: this.env.EXPORTS,
    callbackHosts: this.env.EXPORT_CALLBACK_HOSTS?.split(/[\s,]+/).filter((host) => host !== "") ?? [],
    callbackSecret: this.env.EXPORT_CALLBACK_SECRET,
  });

  override fetch(request: Request): Promise<Response> {
    return this.#exporter.fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.#exporter.alarm(info);
  }

  /** Runs SQL, one statement or several, and gives the rows of the last one; all of it is done, or nothing. */
  query(body: string): QueryAnswer {
    return runQuery(this.ctx.storage, body);
  }
}

/** The database's name in the URL, and which one it is without. */
const parameter = "database";
const defaultName = "main";
const maxNameBytes = 255;

/** Several values of 2 MB, as base64 or escaped. */
const maxQueryBytes = 16 * MiB; // as text it goes to the object, to which no more than 32 MiB can go

function databaseOf(c: Context<{ Bindings: Env }>): DurableObjectStub<Database> {
  const given = new URL(c.req.url).searchParams.getAll(parameter); // as the links are written
  const names = given.length === 0 ? [defaultName] : given;
  const [name = ""] = names;
  if (names.length === 1 && name !== "" && new TextEncoder().encode(name).length <= maxNameBytes)
    return c.env.DATABASE.getByName(name);
  const allowed = [`one name of 1 to ${maxNameBytes} bytes`];
  const message = `Option "${parameter}" is "${names.join('", "')}"; allowed: ${allowed.join()}`;
  throw new ExportError("invalid_option", message, { details: { option: parameter, received: names.join(), allowed } });
}

const token = (c: Context<{ Bindings: Env }>) => c.env.EXPORT_TOKEN;
const app = new Hono<{ Bindings: Env }>();

app.route(
  "/export",
  exportRoutes<Env>({ object: databaseOf, bucket: (c) => c.env.EXPORTS, token, objectParameters: [parameter] }),
);
app.use(requireToken<Env>(token)); // the routes above see to it themselves: a signed link needs no token
app.post("/query", bodyLimit({ maxSize: maxQueryBytes, onError: tooLarge }), async (c) => {
  rejectUnknownOptions(new URL(c.req.url).searchParams, [parameter]);
  const body = await c.req.text();
  const answer = await databaseOf(c).query(body).catch(failedCommit);
  return "problem" in answer ? problem(answer.problem) : c.json(answer);
});
function tooLarge(): Response {
  const detail = `The body of a query may have ${maxQueryBytes} bytes at most`;
  return problem({ status: 413, code: "too_large", detail });
}

app.all("/query", otherMethods("POST"));
app.notFound(unknownPath);
app.onError((error) => problemOf(error));

export default app;
