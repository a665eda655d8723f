/** The object's database, as `POST /query` offers it. */
import type { Server } from "./server.ts";

/** One text of SQL, at most 100,000 bytes, with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params?: readonly (null | string | number | Uint8Array)[];
}

/** Runs SQL in the object and gives the rows of its last statement. */
export async function query(
  server: Server,
  { sql, params = [] }: Statement,
): Promise<readonly Record<string, unknown>[]> {
  const body = JSON.stringify({
    sql,
    params: params.map((value) =>
      value instanceof Uint8Array ? { $base64: true, encoded: Buffer.from(value).toString("base64") } : value,
    ),
  });
  const response = await server.fetch("/query", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
  });
  const answer: unknown = await response.json();
  if (typeof answer === "object" && answer !== null) {
    if ("result" in answer && Array.isArray(answer.result)) return answer.result;
    if ("detail" in answer) throw new Error(`${String(answer.detail)}\nin: ${sql.slice(0, 200)}`);
  }
  throw new Error(`Cannot read the answer to a query: ${JSON.stringify(answer).slice(0, 200)}`);
}
