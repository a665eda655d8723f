/**
 * Full-text indexes over the content of another table or view, for a database in which nothing can be written to the tables that FTS5 keeps
 * an index in. A host may have put only some rows into it, by triggers of its own: FTS5 keeps their rowids, and those rows are put in again.
 */
import { foldAscii, quoteName } from "../kit/expression.ts";
import type { Cell, Schema, Segment, Table } from "../format.ts";
import { literal } from "./literal.ts";
import { literalRows } from "./rows.ts";
import { externalContent, keepsRowids } from "../kit/virtual-table.ts";

/** The index over the content of another table or view, which is all there by then: made anew, of the rows that were in it. */
export function* indexSegments(
  table: Table,
  schema: Schema,
  { isNew, longestStatement }: { readonly isNew: boolean; readonly longestStatement: number },
): Iterable<Segment> {
  const content = externalContent(table);
  if (content === null || !isInside(content.name, schema) || schema.indexState(table) === "unreadable") return;
  const name = quoteName(table.name);
  const rowids = schema.tables.find(
    (one) => one.owner === table.name && foldAscii(one.name) === foldAscii(`${table.name}_docsize`),
  );
  if (rowids === undefined) {
    yield { kind: "text", text: `INSERT INTO ${name}(${name}) VALUES('rebuild');\n` };
    return;
  }
  // triggers of the host's may have filled the index while the rows came back
  if (!isNew) yield { kind: "text", text: `INSERT INTO ${name}(${name}) VALUES('delete-all');\n` };
  const column = (one: string) => `_c.${quoteName(one)}`;
  const rowid = column(content.rowid);
  const names = table.columns.map((one) => one.name);
  const open = `INSERT INTO ${name}(${["rowid", ...names.map(quoteName)].join(",")}) SELECT ${[rowid, ...names.map(column)].join(",")} FROM ${quoteName(content.name)} AS _c WHERE ${rowid} IN (`;
  const columns = rowids.insertableColumns.slice(0, 1);
  const limit = {
    bytes: longestStatement,
    encodeOversized: ([id = null]: readonly Cell[]) => `${open}${literal(id)});\n`,
  };
  const rows = () => ({ ...literalRows({ open, separator: ",", close: ");\n" }, columns), limit });
  yield { kind: "rows", table: rowids, columns, rows };
}

/** True for the name of a table or view that the export holds. */
function isInside(name: string, { tables, views }: Schema): boolean {
  return [...tables, ...views].some((one) => foldAscii(one.name) === foldAscii(name));
}

/** What comes back otherwise of an index over the content of another table. */
export function indexWarnings(table: Table, schema: Schema): readonly string[] {
  const content = externalContent(table);
  if (content === null) return [];
  const index = `The index of ${quoteName(table.name)}`;
  if (!isInside(content.name, schema))
    return [`${index} is left out: its content, ${quoteName(content.name)}, is not in this export`];
  const rows = keepsRowids(table) ? "of the same rows" : "of all rows";
  switch (schema.indexState(table)) {
    case "as its content":
      return [];
    case "unreadable":
      return [`${index} is left out: its content, ${quoteName(content.name)}, does not have all of its columns`];
    case "otherwise":
      return [`${index} was not what its content gives now; it is made anew, ${rows}, from what they hold now`];
    case "unknown":
      return [
        `${index} is made anew, ${rows}, from what they hold now; it is too large to see whether it was the same`,
      ];
  }
}
