/** What a database has besides what is exported: definitions may name it. */
import { foldAscii } from "../../formats/kit/expression.ts";
import type { UnselectedObject, Schema, SchemaObject } from "../../formats/format.ts";
import { isReserved } from "./objects.ts";

/** Tables and views by their folded names. `ownerOf` gives the virtual table that keeps something in a table. */
export function namesOf(
  objects: readonly SchemaObject[],
  ownerOf: (object: SchemaObject) => string | null,
): ReadonlyMap<string, UnselectedObject> {
  const names = new Map<string, UnselectedObject>();
  for (const object of objects) {
    const { type, name } = object;
    if (type !== "table" && type !== "view") continue;
    const isSelectable = type === "table" && !/^sqlite_/i.test(name);
    names.set(foldAscii(name), { type, name, selectedBy: isSelectable ? (ownerOf(object) ?? name) : null });
  }
  return names;
}

/** What of these is not inside. The platform's tables, and the exporter's, come and go, and no file has them: they count as if they were there. */
export function absentFrom(
  known: ReadonlyMap<string, UnselectedObject>,
  inside: readonly { readonly name: string }[],
): Schema["unselected"] {
  const names = new Set(inside.map(({ name }) => foldAscii(name)));
  return (name) => {
    if (names.has(name)) return null;
    return known.get(name) ?? (isReserved(name) ? { type: "table", name, selectedBy: null } : null);
  };
}
