/** A value for each option of a table. */
import type { Option } from "./option.ts";

/** What a table says, by the type of each option's value. */
type TableOf<V> = { readonly [K in keyof V]: Option<V[K]> };

/** The values of a table's options, by their names. */
export type ValuesOf<T> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

/** A value for each option of a table, as `read` has it. */
export function valuesOf<V extends object>(table: TableOf<V>, read: <T>(name: string, option: Option<T>) => T): V {
  const values: Partial<V> = {};
  for (const name of namesOf(table)) values[name] = read(name, table[name]);
  if (isWhole(values, table)) return values;
  throw new TypeError("An option has no value");
}

/** The names of a table's options, in its order. */
export function namesOf<T extends object>(table: T): readonly (keyof T & string)[] {
  return Object.keys(table).filter((name): name is keyof T & string => name in table);
}

function isWhole<V extends object>(values: Partial<V>, table: TableOf<V>): values is V {
  return Object.keys(table).every((name) => name in values);
}
