/** The source that reads the object's own database, page by page. */
import type { Table } from "../../formats/format.ts";
import { quoteName } from "../../formats/expression.ts";
import { ExportError } from "../errors.ts";
import { reading, readingSchema, unreadable } from "./reading.ts";
import { SeenFacts, type Facts } from "./facts.ts";
import { flush, indexState } from "./full-text.ts";
import { alias } from "./key.ts";
import { readPage } from "./pages.ts";
import { readCatalog, select, type Selection, type SourceSchema, type SourceTable } from "./schema.ts";
import type { Estimate, PageBudget, Source } from "./source.ts";
import type { UndoLog } from "./undo.ts";

/** What an export has from before, where it goes on. */
export interface Resumed {
  readonly log: UndoLog | null;
  readonly facts: Facts | null;
}

/** Reads the schema and gives a source for the tables selected. */
export function sqliteSource(
  sql: SqlStorage,
  selection: Selection,
  budget: PageBudget,
  { log: resumed, facts: before }: Resumed,
): Source {
  let log = resumed;
  const catalog = readingSchema(sql, () => readCatalog(sql));
  const facts = new SeenFacts(catalog.warnings, before);
  const schema = {
    ...select(catalog, selection),
    warnings: facts.leftOut,
    indexState: (table: Table) => facts.index(table, () => indexState(sql, table)),
  };
  for (const table of schema.tables) reading(table, () => flush(sql, table));
  const known = new Map<string, SourceTable>(
    [...catalog.tables, ...schema.internal].map((table) => [table.name, table]),
  );
  const tableOf = (table: Table): SourceTable => {
    const own = known.get(table.name);
    if (own === undefined) throw new TypeError(`Cannot read table "${table.name}": it is not in the schema`);
    return table.where === undefined ? own : { ...own, where: table.where };
  };
  const verify = () => {
    if (readCatalog(sql).fingerprint === catalog.fingerprint) return;
    throw schemaChanged();
  };
  return {
    schema,
    fingerprint: catalog.fingerprint,
    facts: () => facts.all(),
    page(segment, at) {
      const table = tableOf(segment.table);
      if (!isThere(sql, table)) throw schemaChanged();
      try {
        if (at === null && table.owner !== null) flush(sql, known.get(table.owner));
        return readPage({ sql, budget, ...(log?.of(table) ?? { table, undo: null }) }, segment, at);
      } catch (cause) {
        verify(); // a table that is gone, or has other columns now, is not unreadable
        throw cause instanceof ExportError ? cause : unreadable(table, cause, ` behind row ${at?.rows ?? 0}`);
      }
    },
    freeze(names, into) {
      for (const table of schema.tables) reading(table, () => flush(sql, table));
      into.begin(names.flatMap((name) => known.get(name) ?? []));
      log = into;
    },
    verify,
    estimate: () => estimate(sql, schema),
  };
}

/** True if the name is still that of the table that was planned with: another one may have it for a while, and give it back. */
function isThere(sql: SqlStorage, { line, name, sql: definition }: SourceTable): boolean {
  const query = "SELECT 1 FROM sqlite_schema WHERE rowid = ? AND type = 'table' AND name = ? AND sql IS ?";
  return sql.exec(query, line, name, definition).toArray().length > 0;
}

function schemaChanged(): ExportError {
  return new ExportError("schema_changed", "Cannot go on with the export: the schema changed while it ran");
}

function estimate(sql: SqlStorage, schema: SourceSchema): Estimate {
  const most = sql.databaseSize / 8; // a row takes some bytes, so gaps between rowids are no rows beyond this
  const entries = schema.tables.map((table): [string, Estimate[string]] => {
    const { key } = table;
    if (key.kind !== "rowid" || table.kind === "virtual") return [table.name, { weight: 1 }];
    const rows = `${quoteName(table.name)} AS ${alias}`;
    const query = `SELECT CAST((SELECT min(${key.sql}) FROM ${rows}) AS TEXT) AS first, CAST((SELECT max(${key.sql}) FROM ${rows}) AS TEXT) AS last`;
    const [ends] = reading(table, () => sql.exec<{ first: string | null; last: string | null }>(query).toArray());
    if (ends === undefined || ends.first === null || ends.last === null) return [table.name, { weight: 0 }];
    const weight = Math.min(Number(BigInt(ends.last) - BigInt(ends.first)) + 1, most);
    return [table.name, { weight, first: ends.first, last: ends.last }];
  });
  return Object.fromEntries(entries);
}
