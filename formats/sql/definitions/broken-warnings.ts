/** What a selection restores into something that does not work, as warnings: a code, what fails, for want of what, and what to set. */
import { brokenObjects } from "./broken-objects.ts";
import { mostMissing, type Broken } from "./dependency-graph.ts";
import { quoteName } from "../../kit/expression.ts";
import type { UnselectedObject, Content, Schema } from "../../format.ts";

/** One line for each view, trigger, virtual table and foreign key that misses what is not in the file. Null where others may come in between. */
export function* brokenWarnings(schema: Schema, content: Content, isForD1: boolean): Iterable<string | null> {
  if (content === "data") return; // there is no definition in the file
  for (const broken of brokenObjects(schema, content)) {
    if (broken === null) yield null;
    // of foreign keys, which D1 always enforces, more is said there
    else if (!isForD1 || broken.code !== "broken_foreign_key") yield told(broken, schema);
  }
}

function told(broken: Broken, schema: Schema): string {
  const { code, object, fails, missing } = broken;
  const on = object.type === "trigger" ? ` on ${quoteName(object.table)}` : "";
  return `${code}: ${object.type} ${quoteName(object.name)}${on} needs ${namesOf(missing)}, which this file does not hold; ${fails} fails where there is none${remedyOf(missing, schema)}`;
}

/** Names for a message, in quotes. */
export function namesOf(missing: readonly Pick<UnselectedObject, "name">[]): string {
  const names = missing.slice(0, mostMissing).map(({ name }) => quoteName(name));
  return missing.length < mostMissing ? names.join(", ") : `${names.join(", ")} and maybe others`;
}

/** What to set so that nothing is missing. */
export function remedyOf(missing: readonly UnselectedObject[], { selectsByName }: Schema): string {
  const names = [...new Set(missing.flatMap(({ selectedBy }) => selectedBy ?? []))];
  const options = names.map((name) => `${selectsByName ? "table" : "exclude"}=${encodeURIComponent(name)}`).join("&");
  const hasView = missing.some(({ type }) => type === "view");
  const parts = [
    ...(names.length === 0 ? [] : [selectsByName ? `add ${options}` : `leave ${options} away`]),
    ...(hasView ? ["views come along where no table= is given, and exclude= instead"] : []),
  ];
  return parts.length === 0 ? "" : `; to have it, ${parts.join("; ")}`;
}
