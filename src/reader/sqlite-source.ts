/** The source that reads the object's own database, page by page. */
import type { Table } from "../../formats/format.ts";
import { moduleOf } from "../../formats/kit/virtual-table.ts";
import { plannedAtOnce } from "../base/event-loop.ts";
import { ExportError } from "../errors.ts";
import { readingCatalog } from "../schema/catalog.ts";
import { select, type Selection } from "../schema/selection.ts";
import type { SourceTable } from "../schema/source-table.ts";
import { flush, indexState } from "../schema/full-text.ts";
import { readObjects } from "../schema/objects.ts";
import { reading, unreadable } from "../schema/read-errors.ts";
import { schemaMark, schemaVersion } from "../schema/schema-version.ts";
import type { Cursor } from "./cursor.ts";
import { estimating } from "./estimate.ts";
import { SeenFacts, type Facts } from "./facts.ts";
import { readPage } from "./page.ts";
import { Renderings } from "./render.ts";
import type { Page, RowsSegment } from "./rendered-page.ts";
import type { PageBudget, Source } from "./source.ts";
import { liveRows } from "./table-versions.ts";

/**
 * Reads the schema, and gives a source for the selected tables. `factsBefore` is what an earlier plan of the same export has seen. Yields where
 * the host may go on; a caller that lets it must call `verify` at the end.
 */
export function* readingSource(
  sql: SqlStorage,
  selection: Selection,
  budget: PageBudget,
  factsBefore: Facts | null,
): Generator<void, Source, void> {
  let versions = liveRows;
  const catalog = yield* readingCatalog(sql, selection);
  const facts = new SeenFacts(catalog.warnings, factsBefore);
  if (catalog.tables.length > plannedAtOnce) yield;
  const schema = {
    ...select(catalog, selection),
    warnings: facts.leftOut,
    indexState: (table: Table) => facts.index(table, () => indexState(sql, table)),
  };
  const fullTextTables = schema.tables.filter((table) => moduleOf(table) === "fts5");
  const flushAll = () => {
    for (const table of fullTextTables) reading(table, () => flush(sql, table));
  };
  flushAll();
  const tablesByName = new Map<string, SourceTable>(
    [...catalog.tables, ...schema.internal].map((table) => [table.name, table]),
  );
  const renderings = new Renderings();
  let leftOut = catalog.warnings;
  /** The version of the schema that is known to be the one that was read. */
  let versionRead = catalog.mark === schemaMark(sql) ? schemaVersion(sql) : null;
  const verify = () => {
    const version = schemaVersion(sql);
    if (version === versionRead) return;
    const now = readObjects(sql);
    leftOut = now.warnings;
    if (now.fingerprint !== catalog.fingerprint) throw schemaChanged();
    versionRead = version;
  };
  return {
    schema,
    fingerprint: catalog.fingerprint,
    sourceTable: (name) => tablesByName.get(name),
    page(segment, cursor, index) {
      const rendered = cursor === null && index !== undefined ? versions.renderedBefore(index) : null;
      return rendered ?? read(segment, cursor);
    },
    readFrom(given) {
      versions = given;
    },
    flush: flushAll,
    verify,
    facts: () => facts.all(),
    verifyFacts() {
      const isRight = (table: Table) => facts.isRight(table, () => indexState(sql, table));
      if (String(leftOut) !== String(facts.leftOut) || !schema.tables.every(isRight)) throw schemaChanged();
    },
    *estimating() {
      try {
        return yield* estimating(sql, schema);
      } catch (cause) {
        if (schemaVersion(sql) === versionRead) throw cause;
        return {}; // the schema has changed: whoever reads next will be told
      }
    },
  };

  function read(segment: RowsSegment, cursor: Cursor | null): Page {
    const table = tableToRead(segment.table);
    if (!isThere(sql, table)) throw schemaChanged();
    try {
      if (cursor === null && table.owner !== null) flush(sql, tablesByName.get(table.owner));
      return readPage({ sql, budget, renderings, versions, table }, segment, cursor);
    } catch (cause) {
      verify(); // a table that is gone, or has other columns now, is not unreadable
      throw cause instanceof ExportError ? cause : unreadable(table, cause, ` behind row ${cursor?.rows ?? 0}`);
    }
  }

  function tableToRead(wanted: Table): SourceTable {
    const table = tablesByName.get(wanted.name);
    if (table === undefined) throw new TypeError(`Cannot read table "${wanted.name}": it is not in the schema`);
    return wanted.where === undefined ? table : { ...table, where: wanted.where };
  }
}

/** True if the name is still that of the table that was planned with: another one may have it for a while, and give it back. */
function isThere(sql: SqlStorage, { line, name, sql: definition }: SourceTable): boolean {
  const query = "SELECT 1 FROM sqlite_schema WHERE rowid = ? AND type = 'table' AND name = ? AND sql IS ?";
  return sql.exec(query, line, name, definition).toArray().length > 0;
}

function schemaChanged(): ExportError {
  return new ExportError("schema_changed", "Cannot go on with the export: the schema changed while it ran");
}
