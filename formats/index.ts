import { csv } from "./csv/csv.ts";
import type { Format } from "./format.ts";
import { jsonl } from "./jsonl/jsonl.ts";
import { sql } from "./sql/sql.ts";

export { csv, jsonl, sql };
/** The formats that come with the package; the first is the default. */
export const formats: readonly Format[] = [sql, csv, jsonl];
