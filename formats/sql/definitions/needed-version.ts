/** Which SQLite a file of definitions needs at least. A shell that is older may take a definition and fail when it is used, or refuse the file. */
import { quoteName } from "../../kit/expression.ts";
import type { Content, SqliteRequirement, Schema, SchemaObject, Table } from "../../format.ts";
import { newerIn } from "./newer-syntax.ts";
import type { Newer } from "../../kit/sqlite-functions.ts";
import { newerOptions } from "../../kit/virtual-table.ts";

/**
 * What is not told: 3.33 is the first that knows `sqlite_schema`, to which files write, and what came before it is in every SQLite of this decade
 * (window functions, UPSERT, generated columns, FILTER, NULLS LAST, iif(), UPDATE FROM).
 */
const usual = "3.33.0";

/** Length of definitions that are looked at between two places where others may come in, in UTF-16 units, and their number: some milliseconds. */
const lengthPerTurn = 20_000;
const perTurn = 500;

/** The release that definitions are known to need, and the first of them that does; null where that is none beyond 3.33. */
export function* neededBy(
  schema: Pick<Schema, "tables" | "views" | "triggers" | "indexes">,
  content: Content,
): Generator<void, SqliteRequirement | null, void> {
  if (content === "data") return null; // there is no definition in the file
  const { tables, views, triggers, indexes } = schema;
  let needed: SqliteRequirement | null = null;
  let [length, count] = [0, 0];
  for (const list of [tables, views, triggers, indexes]) {
    for (const object of list) {
      for (const { what, since } of newerOf(object))
        if (isLater(since, needed?.version ?? usual))
          needed = { version: since, requiredBy: `${nameOf(object)} (${what})` };
      length += object.sql?.length ?? 0;
      if (length < lengthPerTurn && ++count < perTurn) continue;
      yield;
      [length, count] = [0, 0];
    }
  }
  return needed;
}

/** The line of a file that says so. */
export function neededLine({ version, requiredBy }: SqliteRequirement): string {
  return `needs SQLite ${version} or later: ${requiredBy}`;
}

function newerOf(object: SchemaObject | Table): readonly Newer[] {
  return "kind" in object && object.kind === "virtual" ? newerOptions(object) : newerIn(object);
}

function nameOf({ type, name, table }: SchemaObject): string {
  const on = type === "trigger" || type === "index" ? ` on ${quoteName(table)}` : "";
  return `${type} ${quoteName(name)}${on}`;
}

/** True if one release is later than another. */
function isLater(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split(".").map(Number));
  const at = [0, 1, 2].find((place) => a?.[place] !== b?.[place]);
  return at !== undefined && (a?.[at] ?? 0) > (b?.[at] ?? 0);
}
