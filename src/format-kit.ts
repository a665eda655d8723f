/**
 * `durable-export/format-kit`: what the formats of the package are made of, for a format of your own. SQL expressions for the fast path, rows as JSON
 * arrays, escapes, bytes, and large values piece by piece; and the types of the format contract.
 */
export { concatBytes, hex, hexBytes, utf8 } from "../formats/kit/bytes.ts";
export { doubleQuoteBytes, doubleQuotes } from "../formats/kit/doubled-quotes.ts";
export {
  allOf,
  anyOf,
  concat,
  foldAscii,
  isBlob,
  isNegativeZero,
  quoteName,
  quoteText,
} from "../formats/kit/expression.ts";
export {
  beyond,
  copy,
  copyText,
  fallbackCondition,
  holdsReals,
  fourOf,
  infinity,
  json,
  jsonSeparator,
  jsonArray,
  jsonValue,
  mayHoldBlobs,
  plainColumns,
  put,
  unescaped,
  viewOf,
} from "../formats/kit/json-rows.ts";
export { byteChunks, joinText, textChunks } from "../formats/kit/large-values.ts";
export { decodeUtf8, includesAscii, isInvalidText, isUtf8 } from "../formats/kit/utf8.ts";
export type * from "../formats/format.ts";
