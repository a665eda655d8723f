/** Which file a set of options gives: its segments in order, its name and its media type. */
import type { Content, DatabaseFormat, Format, Schema, Segment, Table } from "../formats/format.ts";
import { entryNames } from "./entry-names.ts";

/** A stretch of a file, or the beginning of an archive's entry. */
export type Part = Segment | { readonly kind: "entry"; readonly name: string };

/** How the bytes are packed. */
export type Packing = "plain" | "gzip" | "zip";

/** A file to be made. */
export interface Layout {
  readonly parts: readonly Part[];
  readonly packing: Packing;
  readonly extension: string;
  readonly mediaType: string;
}

/** Lays a file out. The schema is what the options selected; `formats` is where an archive finds one for its schema. */
export function layoutOf(
  schema: Schema,
  options: { readonly format: Format; readonly gzip: boolean; readonly content: Content },
  formats: readonly Format[],
): Layout {
  const { format, gzip, content } = options;
  if (format.scope === "database") {
    return single([...format.segments(schema, content)], format, gzip);
  }
  const tables = schema.tables.filter((table) => table.kind !== "shadow");
  const [only] = tables;
  if (tables.length === 1 && only !== undefined && content !== "schema")
    return single([...format.segments(only)], format, gzip);
  const definitions = formats.find((candidate): candidate is DatabaseFormat => candidate.scope === "database");
  return {
    parts: [
      ...(content === "data" || definitions === undefined ? [] : schemaEntry(definitions, schema)),
      ...(content === "schema" ? [] : tableEntries(tables, format)),
    ],
    packing: "zip",
    extension: ".zip",
    mediaType: "application/zip",
  };
}

function single(parts: readonly Part[], format: Format, gzip: boolean): Layout {
  return gzip
    ? { parts, packing: "gzip", extension: `${format.extension}.gz`, mediaType: "application/gzip" }
    : { parts, packing: "plain", extension: format.extension, mediaType: format.mediaType };
}

function schemaEntry(format: DatabaseFormat, schema: Schema): readonly Part[] {
  return [{ kind: "entry", name: `schema${format.extension}` }, ...format.segments(schema, "schema")];
}

function tableEntries(tables: readonly Table[], format: Format & { scope: "table" }): readonly Part[] {
  const names = entryNames(tables.map((table) => table.name));
  return tables.flatMap((table, at): readonly Part[] => [
    { kind: "entry", name: `${names[at]}${format.extension}` },
    ...format.segments(table),
  ]);
}

/** `dump_20240101-170000.sql`: UTC, the time of the start. */
export function fileNameOf(layout: Layout, startedMs: number): string {
  return `dump_${timestamp(startedMs)}${layout.extension}`;
}

/** `20240101-170000`, UTC. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 15);
}
