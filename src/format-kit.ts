/** `durable-export/format-kit`: SQL expressions, escapes and JSON rows, for a format of your own that SQLite renders fast. */
export { allOf, anyOf, concat, quoteName, quoteText } from "../formats/kit/expression.ts";
export { jsonArray, jsonSeparator } from "../formats/kit/json-rows.ts";
