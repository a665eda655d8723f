/** The source that reads the object's own database, page by page. */
import type { Table } from "../../formats/format.ts";
import { moduleOf } from "../../formats/kit/virtual-table.ts";
import { ExportError } from "../errors.ts";
import { reading, unreadable } from "../schema/read-errors.ts";
import { estimating } from "./estimate.ts";
import { SeenFacts, type Facts } from "./facts.ts";
import { flush, indexState } from "../schema/full-text.ts";
import type { SmallTables } from "../snapshot/small-tables.ts";
import { beginningSnapshot, tablesPerTurn } from "../snapshot/begin-snapshot.ts";
import { trace, traceBegun, traceOf } from "../schema/own-tables.ts";
import { readPage } from "./page.ts";
import { Renderings } from "./render.ts";
import { readObjects } from "../schema/objects.ts";
import { schemaMark, schemaVersion } from "../schema/schema-version.ts";
import { readingCatalog, select, type Selection, type SourceTable } from "../schema/catalog.ts";
import type { Cursor } from "./cursor.ts";
import type { Page, PageBudget, RowsSegment, Source } from "./source.ts";
import { runToEnd, plannedAtOnce } from "../base/event-loop.ts";
import type { UndoLog } from "../snapshot/undo-log.ts";
import { changesIn } from "../snapshot/registry.ts";

/** What an export has from before, where it goes on. */
export interface Resumed {
  readonly log: UndoLog | null;
  readonly facts: Facts | null;
  readonly first?: SmallTables | null;
}

/** Reads the schema and gives a source for the tables selected. In several turns: then `verify` is to be asked at the end. */
export function* readingSource(
  sql: SqlStorage,
  selection: Selection,
  budget: PageBudget,
  { log: resumed, facts: before, first: readFirst }: Resumed,
): Generator<void, Source, void> {
  let log = resumed;
  let first = readFirst ?? null;
  const catalog = yield* readingCatalog(sql, selection);
  const facts = new SeenFacts(catalog.warnings, before);
  if (catalog.tables.length > plannedAtOnce) yield;
  const schema = {
    ...select(catalog, selection),
    warnings: facts.leftOut,
    indexState: (table: Table) => facts.index(table, () => indexState(sql, table)),
  };
  const indexes = schema.tables.filter((table) => moduleOf(table) === "fts5");
  const flushAll = () => {
    for (const table of indexes) reading(table, () => flush(sql, table));
  };
  flushAll();
  const known = new Map<string, SourceTable>(
    [...catalog.tables, ...schema.internal].map((table) => [table.name, table]),
  );
  const tableOf = (table: Table): SourceTable => {
    const own = known.get(table.name);
    if (own === undefined) throw new TypeError(`Cannot read table "${table.name}": it is not in the schema`);
    return table.where === undefined ? own : { ...own, where: table.where };
  };
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
    facts: () => facts.all(),
    verifyFacts() {
      const isRight = (table: Table) => facts.isRight(table, () => indexState(sql, table));
      if (String(leftOut) !== String(facts.leftOut) || !schema.tables.every(isRight)) throw schemaChanged();
    },
    page(segment, at, place) {
      const kept = at === null && place !== undefined ? first?.page(place) : null;
      if (kept != null) return kept;
      return read(segment, at);
    },
    *beginningSnapshot(names, into, wanted) {
      const job = wanted?.job;
      const enter = () => {
        if (job !== undefined && traceOf(sql, job) === null)
          throw new ExportError("snapshot_too_old", "Cannot go on with the snapshot: nobody wants it any more");
        flushAll();
      };
      log = null; // nothing is read from it before it is there
      first = null;
      const isLong = names.length > tablesPerTurn;
      const changes = changesIn(sql);
      if (isLong) yield;
      const isStill = changesIn(sql) === changes;
      if (into !== null) yield* into.opening(isLong);
      if (job !== undefined) trace(sql, job);
      const places = Map.groupBy(wanted?.places ?? [], ([, { table }]) => table.name);
      const tables = [...new Set(names)].flatMap((name) => {
        const table = known.get(name);
        return table === undefined ? [] : [{ table, segments: places.get(name) ?? [] }];
      });
      try {
        const isUndisturbed = yield* beginningSnapshot({
          sql,
          tables,
          first: wanted?.read ?? null,
          log: into,
          read,
          enter,
        });
        verify();
        log = into;
        first = wanted?.read ?? null;
        if (job !== undefined) traceBegun(sql, job);
        return isStill && isUndisturbed;
      } catch (error) {
        into?.drop();
        wanted?.read.clear();
        throw error;
      }
    },
    beginSnapshot(names, into) {
      runToEnd(this.beginningSnapshot(names, into, null));
    },
    verify,
    *estimating() {
      try {
        return yield* estimating(sql, schema);
      } catch (cause) {
        if (schemaVersion(sql) === versionRead) throw cause;
        return {}; // whoever begins to read will find that out
      }
    },
  };

  function read(segment: RowsSegment, at: Cursor | null): Page {
    const table = tableOf(segment.table);
    if (!isThere(sql, table)) throw schemaChanged();
    try {
      if (at === null && table.owner !== null) flush(sql, known.get(table.owner));
      return readPage({ sql, budget, renderings, ...(log?.of(table) ?? { table, undo: null }) }, segment, at);
    } catch (cause) {
      verify(); // a table that is gone, or has other columns now, is not unreadable
      throw cause instanceof ExportError ? cause : unreadable(table, cause, ` behind row ${at?.rows ?? 0}`);
    }
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
