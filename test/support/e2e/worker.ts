/** The Worker of the tests beside it: the deployable one, with pages of any size, and with places where `target=d1` is restored to. */
import { Hono } from "hono";
import { Exporter } from "../../../src/exporter.ts";
import { usualPage } from "../../../src/file/plan.ts";
import deployed, { Database as Deployed, type Env } from "../../../src/worker/worker.ts";

/** The deployable object, whose pages may be made smaller for one request. */
export class Database extends Deployed {
  override fetch(request: Request): Promise<Response> {
    const rows = Number(request.headers.get("X-Page-Rows") ?? 0);
    if (rows === 0) return super.fetch(request);
    return new Exporter(this.ctx, { page: { ...usualPage, rows } }).fetch(request);
  }

  /** Runs the statements of a dump in one turn, which is one transaction. */
  restore(statements: readonly string[]): void {
    for (const statement of statements) this.ctx.storage.sql.exec(statement);
  }
}

interface TestEnv extends Env {
  readonly DATABASE: DurableObjectNamespace<Database>;
  readonly [d1: `D1_${number}`]: D1Database;
}

const app = new Hono<{ Bindings: TestEnv }>();

/** A Worker that hands every request on as it is. */
app.all("/direct", (c) =>
  c.env.DATABASE.getByName("main").fetch(new Request("https://durable-export.invalid/dump", c.req.raw)),
);

app.post("/restore", async (c) => {
  await c.env.DATABASE.getByName(c.req.query("database") ?? "").restore(await c.req.json<string[]>());
  return c.json({});
});

/** D1 runs a batch as one transaction. */
app.post("/d1/:number/restore", async (c) => {
  const d1 = c.env[`D1_${Number(c.req.param("number"))}`];
  const statements = await c.req.json<string[]>();
  await d1?.batch(statements.map((statement) => d1.prepare(statement)));
  return c.json({});
});

app.post("/d1/:number/query", async (c) => {
  const { sql } = await c.req.json<{ sql: string }>();
  const answer = await c.env[`D1_${Number(c.req.param("number"))}`]?.prepare(sql).all();
  return c.json({ result: answer?.results });
});

/** `wrangler d1 export --local` asks for a dump like this. */
app.post("/d1/:number/export", async (c) => {
  const d1 = c.env[`D1_${Number(c.req.param("number"))}`];
  const [lines] = (await d1?.prepare("PRAGMA miniflare_d1_export(?,?,?);").bind(0, 0).raw()) ?? [];
  return c.json({ dump: lines?.join("\n") });
});

app.onError((error, c) => c.json({ detail: error.message }, 500));
app.all("*", (c) => deployed.fetch(c.req.raw, c.env, c.executionCtx));

export default app;
