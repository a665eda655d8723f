/** What the platform allows, each with its source. */

/** Bound parameters at most (workerd util/sqlite.c++:1387). */
export const maxParameters = 100;

/** Bytes of SQL that a page's query may have, its parameters not counted: workerd refuses 100,000 (util/sqlite.c++:1375). */
export const statementBytes = 99_000;

/** Columns of a result set, and of a table, at most (workerd util/sqlite.c++:1376). */
export const maxColumns = 100;

/** Parts of an R2 object at most: https://developers.cloudflare.com/r2/platform/limits/ */
export const maxParts = 10_000;
