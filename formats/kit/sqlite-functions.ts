/**
 * Since which release SQLite has a function (https://sqlite.org/changes.html); tried with 25 builds from 3.28 to 3.54 (docs/sqlite-versions.md). Those of JSON that
 * are older than 3.38, and those of mathematics, are a matter of how SQLite was compiled as well.
 */
export const functionsSince: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "3.34.0": "substring",
    "3.35.0":
      "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power radians sign sin sinh sqrt tan tanh trunc",
    "3.38.0": "unixepoch format",
    "3.41.0": "unhex",
    "3.42.0": "json_error_position",
    "3.43.0": "octet_length timediff",
    "3.44.0": "concat concat_ws string_agg",
    "3.45.0":
      "jsonb jsonb_array jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set",
    "3.46.0": "json_pretty",
    "3.47.0": "fts5_get_locale fts5_locale",
    "3.48.0": "if",
    "3.50.0": "unistr unistr_quote",
    "3.51.0": "jsonb_each jsonb_tree",
    "3.53.0": "json_array_insert jsonb_array_insert",
  }).flatMap(([since, names]) => names.split(" ").map((name) => [name, since] as const)),
);

/** Functions that stand where a table does. */
export const tableFunctions: ReadonlySet<string> = new Set(["jsonb_each", "jsonb_tree"]);

/** Something that older releases do not have. */
export interface Newer {
  readonly what: string;
  readonly since: string;
}

/** Of functions that took more or fewer arguments later. */
export function newerArguments(name: string, count: number): Newer | null {
  switch (name) {
    case "json_valid":
      return count > 1 ? { what: "json_valid() with flags", since: "3.45.0" } : null;
    case "iif":
    case "if":
      if (count === 3) return null;
      return { what: `${name}() with ${count} arguments`, since: count === 2 ? "3.48.0" : "3.49.0" };
    default:
      return null;
  }
}
