/** The options of the list of jobs. */
import type { ListRequest } from "../api.ts";
import { count, freeText } from "./option.ts";
import { QueryOptions } from "./query-options.ts";
import { rejectUnknownOptions } from "./refusals.ts";
import { valuesOf } from "./option-values.ts";

/** Jobs in one page of the list, where nothing is said. */
export const listedJobs = 100;

/** `limit` and `cursor` of `GET /dumps`. */
export const listOptionTable = {
  /** How many jobs at most. @default 100 */
  limit: count({
    doc: "How many jobs one answer holds at most. Where there are more, the answer has a `cursor`.",
    values: { NUMBER: "1 to 1000" },
    default: listedJobs,
    most: 1000,
    example: "limit=10",
  }),
  /** The `dumpId` that the page before this one ended with. @default null */
  cursor: freeText({
    doc: "Goes on behind the page that ended with this `cursor`.",
    values: { CURSOR: "the `cursor` of the page before" },
    defaultText: "the newest jobs",
    example: "limit=10&cursor=20261127-101500-3e7a1b2c",
    allowed: "the cursor of the page before",
    isAllowed: (given) => /^[0-9a-z-]{1,64}$/i.test(given),
  }),
} as const;

/** Which page of the jobs a request asks for. Throws `invalid_option`. */
export function parseList(query: URLSearchParams): Required<ListRequest> {
  rejectUnknownOptions(query, Object.keys(listOptionTable));
  const given = new QueryOptions(query, { formats: [], tableNames: () => [] });
  return valuesOf(listOptionTable, (name, option) => given.value(name, option));
}
