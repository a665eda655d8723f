/** What of a selection does not work where only that is: views and triggers that name what was left out, directly or through others. */
import { Graph, perTurn, type Broken } from "./dependency-graph.ts";
import type { Content, Schema, SchemaObject } from "../../format.ts";

/** What is never in a file that has everything else, and `sqlite_stat1`, which is not in one without rows. */
const neverThere = /_cf_|_durable_export_|__miniflare|sqlite_st/i;

/** Views, virtual tables, triggers and tables with foreign keys that miss something. Null where others may come in between. */
export function* brokenObjects(schema: Schema, content: Content): Iterable<Broken | null> {
  const { tables, views, triggers } = schema;
  const isSuspicious = ({ sql }: SchemaObject) => sql !== null && neverThere.test(sql);
  if (schema.selectsEverything && ![...views, ...triggers].some(isSuspicious)) return;
  const graph = new Graph(schema, content);
  let looked = 0;
  for (const table of tables) {
    graph.addTable(table);
    if (++looked % perTurn === 0) yield null;
  }
  for (const view of views) {
    graph.addView(view);
    if (++looked % perTurn === 0) yield null;
  }
  for (const trigger of triggers) {
    graph.addTrigger(trigger);
    if (++looked % perTurn === 0) yield null;
  }
  for (const link of graph.links) {
    link();
    if (++looked % perTurn === 0) yield null;
  }
  yield* graph.broken();
}
