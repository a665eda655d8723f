/** The lines of `sqlite_schema`: which are the user's, and which are left out. */
import { quoteName } from "../../formats/expression.ts";
import type { SchemaObject } from "../../formats/format.ts";
import { decodeUtf8 } from "../../formats/scan.ts";

/** What is in the database. */
export interface Objects {
  /** What may be exported, in the order of `sqlite_schema`. */
  readonly shown: readonly SchemaObject[];
  /** One line for each thing that a user may miss. */
  readonly warnings: readonly string[];
  /** Names of what has bytes in its definition that are no UTF-8: no text here can say exactly what it is. */
  readonly unreadable: ReadonlySet<string>;
  /** The line of each table in `sqlite_schema`, by its name. */
  readonly lines: ReadonlyMap<string, number>;
  /** Text that differs whenever what is shown does, or a table is another one, even with the same definition. */
  readonly fingerprint: string;
}

/** Left out: the platform's own tables, the exporter's, and miniflare's. `_` is no wildcard here. */
const hidden = /^(_cf_|_export_|__miniflare)/i;
/** The same rule in SQL. By names alone, whatever tables there are: a new one of the platform's changes nothing of a file that is being made. */
export const isHiddenSql = (name: string): string =>
  `lower(${name}) GLOB '_cf_*' OR lower(${name}) GLOB '_export_*' OR lower(${name}) GLOB '__miniflare*'`;
/** Of the hidden tables these hold nothing of a user's: jobs, the alarm, notes of changes, rows as they were, and the name of a local object. */
const own = /^(_export_(jobs|parts|remainder|alarm|changed|watch_.*|undo|undo_.*)|_cf_metadata|__miniflare_do_name)$/i;
/** Statistics of releases that this one does not have, or that no statement brings back. */
const statistics = /^sqlite_stat[0-9]/i;

/** Reads all lines in one statement. */
export function readObjects(sql: SqlStorage): Objects {
  const unreadable = new Set<string>();
  const lines = new Map<string, number>();
  const objects = sql
    .exec<{
      type: SchemaObject["type"];
      name: string;
      tbl_name: string;
      sql: string | null;
      bytes: ArrayBuffer | null;
      line: number;
    }>("SELECT type, name, tbl_name, sql, CAST(sql AS BLOB) AS bytes, rowid AS line FROM sqlite_schema ORDER BY rowid")
    .toArray()
    .map((row): SchemaObject => {
      if (row.bytes !== null && decodeUtf8(new Uint8Array(row.bytes)) === undefined) unreadable.add(row.name);
      const object = { type: row.type, name: row.name, table: row.tbl_name, sql: row.sql };
      if (object.type === "table") lines.set(object.name, row.line);
      return object;
    });
  const isHidden = ({ name, table }: SchemaObject) => hidden.test(name) || hidden.test(table);
  const left = objects.filter(
    (object) =>
      (isHidden(object) && object.sql !== null && !own.test(object.name) && !own.test(object.table)) ||
      (statistics.test(object.name) && !/^sqlite_stat1$/i.test(object.name)),
  );
  const shown = objects.filter((object) => !isHidden(object));
  return {
    shown,
    warnings: left.map(({ type, name }) => `${type[0]?.toUpperCase()}${type.slice(1)} ${quoteName(name)} is left out`),
    unreadable,
    lines,
    fingerprint: JSON.stringify(
      shown.map((object) => [
        object.type,
        object.name,
        object.sql,
        object.type === "table" ? lines.get(object.name) : 0,
      ]),
    ),
  };
}
