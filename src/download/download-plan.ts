/** The plan of a direct download: made at once, or, where there are many tables, in turns, when the first bytes are asked for. */
import type { Format } from "../../formats/format.ts";
import { packagingOf, type Layout } from "../file/layout.ts";
import { GiB } from "../base/units.ts";
import { plannedAtOnce } from "../base/event-loop.ts";
import { planCooperatively, planOf, type Plan, type PlanOptions } from "../file/plan.ts";
import { isReservedSql } from "../schema/objects.ts";

/** Databases beyond this are not dumped whole by a direct download: it would die of the CPU limit midway. */
export const maxDirectBytes = 1 * GiB;

/** A virtual table makes five others at most (https://sqlite.org/fts5.html#fts5_data_structures), which are no tables of a file. */
const mostOfOne = 6;

export class DownloadPlan {
  /** What kind of file it will be. */
  readonly packaging: Pick<Layout, "extension" | "mediaType">;
  /** The plan; what is wrong with the options and the schema is told now, if it is made at once, and else in front of the first byte. */
  readonly made: () => Plan | Promise<Plan>;

  constructor(sql: SqlStorage, options: PlanOptions, formats: readonly Format[]) {
    const { format, compress, tables, exclude } = options;
    // tables of the host's, at least so many
    const own = `type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT (${isReservedSql("name")})`;
    const query = `SELECT count(*) AS lines, total(${own}) AS tables FROM sqlite_schema`;
    const found = sql.exec<{ lines: number; tables: number }>(query).one();
    const isSeveral = tables === null ? found.tables > mostOfOne * (exclude.length + 2) : tables.length > 1;
    const isOne = format.scope === "database";
    if (found.lines > plannedAtOnce && (isOne || isSeveral)) {
      this.packaging = packagingOf(format, compress, isOne);
      this.made = () => planCooperatively(sql, options, formats);
    } else {
      const plan = planOf(sql, options, formats);
      this.packaging = plan.layout;
      this.made = () => plan;
    }
  }
}
