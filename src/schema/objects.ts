/** The lines of `sqlite_schema`: which are the user's, and which are left out. */
import { quoteName } from "../../formats/kit/expression.ts";
import type { SchemaObject } from "../../formats/format.ts";
import { decodeUtf8 } from "../../formats/kit/utf8.ts";
import { runToEnd, plannedAtOnce } from "../base/event-loop.ts";
import { ownership } from "./own-tables.ts";
import { schemaMark } from "./schema-version.ts";

/** Lines of `sqlite_schema` that are read in one turn, tables that are described, and parts of a file that are laid out: some 10 ms. */
const linesPerTurn = 1000;

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
  /**
   * Text that differs whenever what is shown does, or a table is another one, even with the same definition; or a trigger, as one that is
   * made anew runs in front of those of an undo log.
   */
  readonly fingerprint: string;
  /** `schemaMark` when it was begun to read. */
  readonly mark: string;
}

/** What the platform and the exporter call their tables, in SQL; a host's may be called so as well. `_` is no wildcard here. */
export const isReservedSql = (name: string): string =>
  `lower(${name}) GLOB '_cf_*' OR ${name} GLOB '_durable_export_*' OR ${name} = '__miniflare_do_name'`;
export const isReserved = (name: string): boolean => /^(_cf_|_durable_export_|__miniflare_do_name$)/i.test(name);
/** Of the platform's tables these hold nothing of a user's: when the alarm is, and the name of a local object. */
const empty = /^(_cf_metadata|__miniflare_do_name)$/i;
/** Statistics of releases that this one does not have, or that no statement brings back. */
const statistics = /^sqlite_stat[0-9]/i;

/** True if the definition in a line of `sqlite_schema` is text. */
function isUtf8(sql: SqlStorage, line: number): boolean {
  const query = "SELECT CAST(sql AS BLOB) AS bytes FROM sqlite_schema WHERE rowid = ?";
  const { bytes } = sql.exec<{ bytes: ArrayBuffer }>(query, line).one();
  return decodeUtf8(new Uint8Array(bytes)) !== undefined;
}

/** Reads all lines. */
export function readObjects(sql: SqlStorage): Objects {
  return runToEnd(readingObjects(sql));
}

/** Reads all lines, in turns: whoever lets others in between must ask for the fingerprint again afterwards. */
export function* readingObjects(sql: SqlStorage): Generator<void, Objects, void> {
  const mark = schemaMark(sql);
  const unreadable = new Set<string>();
  const lines = new Map<string, number>();
  const triggers = new Map<string, number>(); // may be called as a table is
  const objects: SchemaObject[] = [];
  for (let last = 0, isDone = false; !isDone;) {
    const rows = sql
      .exec(
        "SELECT type, name, tbl_name, sql, rowid FROM sqlite_schema WHERE rowid > ? ORDER BY rowid LIMIT ?",
        last,
        linesPerTurn,
      )
      .raw<[type: SchemaObject["type"], name: string, table: string, sql: string | null, line: number]>();
    const before = objects.length;
    for (const [type, name, table, text, line] of rows) {
      if (type === "table") lines.set(name, line);
      if (type === "trigger") triggers.set(name, line);
      // a character that stands for bytes that are no UTF-8, or is one of the text
      if (text?.includes("\ufffd") === true && !isUtf8(sql, line)) unreadable.add(name);
      objects.push({ type, name, table, sql: text });
      last = line;
    }
    isDone = objects.length - before < linesPerTurn;
    if (!isDone) yield;
  }
  const isLong = objects.length > plannedAtOnce;
  if (isLong) yield;
  const whose = ownership(sql);
  const owners = new Map(objects.map((object) => [object, whose(object)]));
  const hiddenTables = new Set(
    objects.filter((object) => object.type === "table" && owners.get(object) !== "host").map(({ name }) => name),
  );
  const isShown = (object: SchemaObject) => owners.get(object) === "host" && !hiddenTables.has(object.table);
  const left = objects.filter(
    (object) =>
      (!isShown(object) && object.sql !== null && owners.get(object) !== "exporter" && !empty.test(object.name)) ||
      (statistics.test(object.name) && !/^sqlite_stat1$/i.test(object.name)),
  );
  const shown = objects.filter(isShown);
  if (isLong) yield;
  return {
    shown,
    warnings: left.map(({ type, name }) => `${type[0]?.toUpperCase()}${type.slice(1)} ${quoteName(name)} is left out`),
    unreadable,
    lines,
    mark,
    fingerprint: JSON.stringify(
      shown.map((object) => [
        object.type,
        object.name,
        object.sql,
        (object.type === "trigger" ? triggers : lines).get(object.name) ?? 0,
      ]),
    ),
  };
}
