/**
 * The order in which D1 takes rows: foreign keys are always enforced there, at the end of each request, and so behind each statement where a file is
 * run one by one. Parents come first; tables that refer to each other have no such order.
 */
import { namesOf, remedyOf } from "./definitions/broken-warnings.ts";
import { foldAscii, quoteName } from "../kit/expression.ts";
import type { UnselectedObject, Content, Schema, Table } from "../format.ts";

/** Tables so that each comes behind those that it refers to, else as they were; those that refer to each other stand together. */
export function* parentsFirst(tables: readonly Table[]): Iterable<readonly Table[]> {
  const places = new Map(tables.map(({ name }, at) => [foldAscii(name), at]));
  const parentsOf = tables.map(({ foreignKeys }) =>
    foreignKeys.flatMap(({ parent }) => places.get(foldAscii(parent)) ?? []),
  );
  // Tarjan's algorithm, https://doi.org/10.1137/0201010, without recursion, as a chain may be as long as the list
  const [entered, lowest] = [new Map<number, number>(), new Map<number, number>()];
  const waiting: number[] = [];
  const isWaiting = new Set<number>();
  for (const first of tables.keys()) {
    if (entered.has(first)) continue;
    const path: { readonly at: number; readonly parents: Iterator<number> }[] = [];
    const enter = (at: number) => {
      lowest.set(at, entered.size);
      entered.set(at, entered.size);
      waiting.push(at);
      isWaiting.add(at);
      path.push({ at, parents: (parentsOf[at] ?? [])[Symbol.iterator]() });
    };
    const lower = (at: number, to: number | undefined) => lowest.set(at, Math.min(lowest.get(at) ?? 0, to ?? 0));
    enter(first);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const { done, value } = step.parents.next();
      if (done !== true) {
        if (!entered.has(value)) enter(value);
        else if (isWaiting.has(value)) lower(step.at, entered.get(value));
        continue;
      }
      path.pop();
      const child = path.at(-1);
      if (child !== undefined) lower(child.at, lowest.get(step.at));
      if (lowest.get(step.at) !== entered.get(step.at)) continue;
      const together = waiting.splice(waiting.lastIndexOf(step.at));
      for (const at of together) isWaiting.delete(at);
      yield together.toSorted((a, b) => a - b).flatMap((at) => tables[at] ?? []);
    }
  }
}

/** What of the foreign keys makes D1 refuse the file, or some ways to run it. */
export function* foreignKeyWarnings(schema: Schema, content: Content): Iterable<string | null> {
  const tables = schema.tables.filter(({ kind }) => kind === "table");
  if (!tables.some(({ foreignKeys }) => foreignKeys.length > 0)) return;
  const names = new Set(schema.tables.map(({ name }) => foldAscii(name)));
  for (const [at, { name, foreignKeys }] of tables.entries()) {
    if (at % perTurn === perTurn - 1) yield null;
    const missing = new Map<string, UnselectedObject>();
    for (const { parent } of foreignKeys) {
      const folded = foldAscii(parent);
      if (names.has(folded)) continue;
      missing.set(folded, schema.unselected(folded) ?? { type: "table", name: parent, selectedBy: null });
    }
    if (missing.size === 0) continue;
    const list = [...missing.values()];
    yield `broken_foreign_key: table ${quoteName(name)} needs ${namesOf(list)}, which this file does not hold; D1 refuses its rows, those of this file too, where there is none that has what they refer to${remedyOf(list, schema)}`;
  }
  if (content === "schema") return;
  yield null;
  let seen = 0;
  for (const circle of parentsFirst(tables)) {
    if (++seen % perTurn === 0) yield null;
    const isOwn = circle.some(({ name, foreignKeys }) =>
      foreignKeys.some(({ parent }) => foldAscii(parent) === foldAscii(name)),
    );
    if (circle.length === 1 && !isOwn) continue;
    const list = namesOf(circle);
    const what =
      circle.length > 1 ? `the foreign keys of ${list} form a circle` : `rows of ${list} refer to others of it`;
    yield `one_request: ${what}; run the file as one request, as wrangler d1 execute --file does: statement by statement D1 refuses rows whose parents come later`;
  }
}

/** Tables that are looked at between two places where others may come in. */
const perTurn = 500;
