/** How much work each table is. */
import { quoteName } from "../../formats/kit/expression.ts";
import { maxColumns, statementBytes } from "../platform-limits.ts";
import { alias } from "../schema/key.ts";
import { reading } from "../schema/read-errors.ts";
import type { SourceSchema, SourceTable } from "../schema/source-table.ts";
import type { Estimate } from "./source.ts";

/** Rough weights of the tables, for the progress only; in turns. */
export function* estimating(sql: SqlStorage, schema: SourceSchema): Generator<void, Estimate, void> {
  const most = sql.databaseSize / 8; // a row takes some bytes, so gaps between rowids are no rows beyond this
  const ends = yield* endsOf(
    sql,
    schema.tables.filter(({ kind }) => kind !== "virtual"),
  );
  const entries = schema.tables.map((table): [string, Estimate[string]] => {
    const { key } = table;
    if (key.kind !== "rowid" || table.kind === "virtual") return [table.name, { weight: 1 }];
    const [first, last] = ends.get(table.name) ?? [null, null];
    if (first === null || last === null) return [table.name, { weight: 0 }];
    const weight = Math.min(Number(BigInt(last) - BigInt(first)) + 1, most);
    return [table.name, { weight, first, last }];
  });
  return Object.fromEntries(entries);
}

/** The first and the last rowid of each table. Many tables in one statement: most of what one takes is its own. */
function* endsOf(
  sql: SqlStorage,
  tables: readonly SourceTable[],
): Generator<void, ReadonlyMap<string, readonly [first: string | null, last: string | null]>, void> {
  const found = new Map<string, readonly [string | null, string | null]>();
  let [names, terms, length]: [string[], string[], number] = [[], [], 0];
  const valuesOf = (list: readonly string[]) => [...sql.exec(`SELECT ${list.join(",")}`).raw<(string | null)[]>()][0];
  const ask = () => {
    let values: (string | null)[];
    try {
      values = valuesOf(terms) ?? [];
    } catch {
      // one of them cannot be read: which one
      values = names.flatMap((name, at) =>
        reading({ name }, () => valuesOf(terms.slice(2 * at, 2 * at + 2)) ?? [null, null]),
      );
    }
    for (const [at, name] of names.entries()) found.set(name, [values[2 * at] ?? null, values[2 * at + 1] ?? null]);
    [names, terms, length] = [[], [], 0];
  };
  for (const { name, key } of tables) {
    if (key.kind !== "rowid") continue;
    const term = (end: string) => `CAST((SELECT ${end}(${key.sql}) FROM ${quoteName(name)} AS ${alias}) AS TEXT)`;
    const both = [term("min"), term("max")];
    const more = 3 * both.join(",").length; // bytes at most
    if (names.length > 0 && (terms.length + 2 > maxColumns || length + more > statementBytes)) {
      ask();
      yield;
    }
    names.push(name);
    terms.push(...both);
    length += more;
  }
  if (names.length > 0) ask();
  return found;
}
