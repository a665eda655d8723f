/** Which file a set of options gives: its segments in order, its name and its media type. */
import { defaultsOf } from "../../formats/format-options.ts";
import type {
  FormatOptions,
  Content,
  DatabaseFormat,
  Format,
  FormatState,
  Schema,
  Segment,
  Table,
  TableFormat,
  RowTotals,
} from "../../formats/format.ts";
import type { Compression, ExportOptions } from "../api.ts";
import { entryNames } from "./entry-names.ts";
import { ExportError } from "../errors.ts";
import { collecting, plannedAtOnce } from "../base/event-loop.ts";

/** Lines of `sqlite_schema` that are read in one turn, tables that are described, and parts of a file that are laid out: some 10 ms. */
const partsPerTurn = 200;

/** A stretch of a file, or the beginning of an archive's entry, with the state that its format begins with. */
export type FileSegment = Segment | { readonly kind: "entry"; readonly name: string; readonly state: FormatState };

/** How the bytes are packed. */
type Packing = "plain" | "gzip" | "zstd" | "zip";

/** A file to be made. */
export interface Layout {
  readonly segments: readonly FileSegment[];
  /** The format's state in front of the first segment; null where it has none, and in front of an archive's first entry. */
  readonly state: FormatState;
  readonly packing: Packing;
  readonly extension: string;
  readonly mediaType: string;
  /** Of the formats that made it (`Format.version`). */
  readonly versions: readonly number[];
  /** One line for each thing that is left out or changed, as far as it is known before a row is read. */
  readonly warnings: readonly string[];
  /** The least SQLite that its definitions are known to need, as `3.45.0`; null where that is none that is new, or there are none. */
  readonly needsSqlite: string | null;
}

/** Lays a file out. The schema is what the options selected; `formats` is where an archive finds one for its schema. */
export function* layingOut(
  schema: Schema,
  {
    format,
    compress,
    content,
    formatOptions: given,
  }: Pick<ExportOptions, "format" | "compress" | "content" | "formatOptions">,
  formats: readonly Format[],
): Generator<void, Layout, void> {
  const formatOptions = { ...defaultsOf(format.options ?? {}), ...given };
  const isLong = schema.tables.length > plannedAtOnce;
  if (format.scope === "database") {
    const warnings = [...schema.warnings, ...(yield* warned(format.warnings?.(schema, formatOptions, content)))];
    if (isLong) yield;
    const needed = yield* needing(schema, format, content);
    if (isLong) yield;
    const parts = yield* collecting<FileSegment>(
      format.segments({ ...schema, ...needed, warnings }, content, formatOptions),
      partsPerTurn,
    );
    return { ...single(parts, format, compress), warnings, needsSqlite: needed.requiredSqlite?.version ?? null };
  }
  const all = schema.tables.filter((table) => table.kind !== "shadow");
  const tables = content === "schema" ? [] : all;
  const [only] = tables;
  const own = [...schema.warnings, ...tables.flatMap((table) => format.warnings?.(table, formatOptions) ?? [])];
  if (all.length === 1 && only !== undefined)
    return { ...single([...format.segments(only, formatOptions)], format, compress), warnings: own, needsSqlite: null };
  const first = formats.find((candidate): candidate is DatabaseFormat => candidate.scope === "database");
  const definitions = content === "data" ? undefined : first;
  if (isLong) yield;
  const said = definitions?.warnings?.(schema, defaultsOf(definitions.options ?? {}), "schema");
  const warnings = [...own, ...(yield* warned(said))];
  if (isLong) yield;
  const needed = yield* needing(schema, definitions, "schema");
  if (isLong) yield;
  const files = entryNames(tables.map((table) => table.name)).map((name) => `${name}${format.extension}`);
  if (isLong) yield;
  return {
    segments: yield* collecting(
      archiveParts({ ...schema, ...needed, warnings }, tables, { definitions, files, format, formatOptions }),
      partsPerTurn,
    ),
    state: null,
    ...packagingOf(format, compress, false),
    versions: [format, ...(definitions === undefined ? [] : [definitions])].map(versionOf),
    warnings,
    needsSqlite: needed.requiredSqlite?.version ?? null,
  };
}

/** What the definitions of a file need. */
function* needing(
  schema: Schema,
  format: DatabaseFormat | undefined,
  content: Content,
): Generator<void, Pick<Schema, "requiredSqlite">, void> {
  const needed = format?.requiredSqlite === undefined ? null : yield* format.requiredSqlite(schema, content);
  return needed === null ? {} : { requiredSqlite: needed };
}

/** What a format warns of, gathered in turns. */
function* warned(said: Iterable<string | null> = []): Generator<void, readonly string[], void> {
  const lines: string[] = [];
  for (const line of said) {
    if (line === null) yield;
    else lines.push(line);
  }
  return lines;
}

function single(
  segments: readonly FileSegment[],
  format: Format,
  compress: Compression,
): Omit<Layout, "warnings" | "needsSqlite"> {
  return { segments, state: startOf(format), versions: [versionOf(format)], ...packagingOf(format, compress, true) };
}

/** What kind of file it is; `isOne` for one that holds a single table, or a format that holds the whole database. */
export function packagingOf(
  { extension, mediaType }: Format,
  compress: Compression,
  isOne: boolean,
): Pick<Layout, "packing" | "extension" | "mediaType"> {
  if (!isOne) {
    if (compress === "zstd") throw noZstdArchive();
    return { packing: "zip", extension: ".zip", mediaType: "application/zip" };
  }
  switch (compress) {
    case "none":
      return { packing: "plain", extension, mediaType };
    case "gzip":
      return { packing: "gzip", extension: `${extension}.gz`, mediaType: "application/gzip" };
    case "zstd":
      return { packing: "zstd", extension: `${extension}.zst`, mediaType: "application/zstd" }; // RFC 8878 section 7.1
  }
}

/** ZIP has a method for zstd (APPNOTE 4.4.5: 93), which unzip, Python before 3.14, Java and others cannot read. */
function noZstdArchive(): ExportError {
  const allowed = ["none", "gzip"];
  const message = `Option "compress" is "zstd", and several tables make a ZIP archive, whose readers do not know zstd; allowed: ${allowed.join(", ")}, or only one table, or the format sql`;
  return new ExportError("invalid_option", message, { details: { option: "compress", received: "zstd", allowed } });
}

function startOf(format: Format): FormatState {
  return format.start?.() ?? null;
}

function versionOf({ version = 1 }: Format): number {
  return version;
}

interface ArchiveOptions {
  /** The format of the schema; absent where that is not wanted. */
  readonly definitions: DatabaseFormat | undefined;
  /** The names of the tables' entries. */
  readonly files: readonly string[];
  readonly format: TableFormat;
  readonly formatOptions: FormatOptions;
}

/** The schema, each table, and at last a manifest that says which entry is which table, and how many rows it has. */
function* archiveParts(
  schema: Schema,
  tables: readonly Table[],
  { definitions, files, format, formatOptions }: ArchiveOptions,
): Iterable<FileSegment> {
  const manifest = (totals: RowTotals) => {
    const rows = new Map(totals.tables.map((table) => [table.name, table.rows]));
    const entries = tables.map(({ name }, at) => ({ table: name, file: files[at], rows: rows.get(name) }));
    const warnings = [...schema.warnings, ...totals.warnings];
    const needs = schema.requiredSqlite && { needsSqlite: schema.requiredSqlite.version };
    return `${JSON.stringify({ format: format.name, options: formatOptions, tables: entries, ...needs, warnings }, null, 2)}\n`;
  };
  if (definitions !== undefined) {
    yield entry(`schema${definitions.extension}`, startOf(definitions));
    yield* definitions.segments(schema, "schema", defaultsOf(definitions.options ?? {}));
  }
  for (const [at, table] of tables.entries()) {
    yield entry(files[at] ?? "", startOf(format));
    yield* format.segments(table, formatOptions);
  }
  yield entry("manifest.json", null);
  yield { kind: "text", text: manifest };
}

function entry(name: string, state: FormatState): FileSegment {
  return { kind: "entry", name, state };
}

/** `dump_20240101-170000.sql`: UTC, the time of the start. */
export function fileNameOf(layout: Pick<Layout, "extension">, startedMs: number): string {
  return `dump_${timestamp(startedMs)}${layout.extension}`;
}

/** `20240101-170000`, UTC. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 15);
}
