/** What the tests of the engine share: a new database, and files made from it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { concatBytes } from "../../formats/kit/bytes.ts";
import type { FormatOptions, Content, Format } from "../../formats/format.ts";
import { formats } from "../../formats/index.ts";
import type { Compression } from "../../src/api.ts";
import type { Position } from "../../src/file/pipeline.ts";
import { planOf, deflateLevel, usualPage, usualZstdLevel } from "../../src/file/plan.ts";
import type { PageBudget } from "../../src/reader/source.ts";
import type { Probe } from "./probe.ts";

/** Runs a function over the database of a new object. */
export async function withDatabase<T>(use: (sql: SqlStorage) => T | Promise<T>): Promise<T> {
  const stub = env.PROBE.get(env.PROBE.idFromName(crypto.randomUUID()));
  return runInDurableObject(stub, (_: Probe, state) => use(state.storage.sql));
}

/** What to export; all of it as SQL where nothing is said. */
export interface Wanted {
  readonly format?: "sql" | "csv" | "jsonl" | Format;
  readonly gzip?: boolean;
  readonly compress?: Compression;
  readonly tables?: readonly string[];
  readonly exclude?: readonly string[];
  readonly content?: Content;
  readonly deflate?: "native" | "fflate";
  readonly page?: PageBudget;
  readonly target?: "sqlite" | "d1";
  readonly formatOptions?: FormatOptions;
  /** Those on offer, where they are not the usual ones. */
  readonly offered?: readonly Format[];
}

/** A format by its name. */
export function formatOf(wanted: NonNullable<Wanted["format"]>): Format {
  if (typeof wanted === "object") return wanted;
  const found = formats.find((format) => format.name === wanted);
  if (found === undefined) throw new TypeError(`There is no format ${wanted}`);
  return found;
}

export function planFor(
  sql: SqlStorage,
  {
    format = "sql",
    gzip = false,
    compress = gzip ? "gzip" : "none",
    tables,
    exclude = [],
    content = "all",
    deflate = "native",
    page = usualPage,
    target,
    formatOptions = {},
    offered = formats,
  }: Wanted,
) {
  return planOf(
    sql,
    {
      format: formatOf(format),
      compress,
      tables: tables ?? null,
      exclude,
      content,
      level: deflateLevel,
      zstdLevel: usualZstdLevel,
      deflate,
      page,
      formatOptions: { ...(target !== undefined && { target }), ...formatOptions },
    },
    offered,
  );
}

/** The whole file, made in slices of so many steps; between two of them the plan is made anew and the position goes through JSON. */
export function fileOf(sql: SqlStorage, wanted: Wanted = {}, sliceSteps = Number.POSITIVE_INFINITY): Uint8Array {
  let { pipeline } = planFor(sql, wanted);
  let position = pipeline.start();
  const bytes: Uint8Array[] = [];
  for (let steps = 1; !position.isDone; steps++) {
    const step = pipeline.step(position);
    bytes.push(...step.bytes);
    position = step.position;
    if (steps % sliceSteps === 0) {
      const kept: Position = JSON.parse(JSON.stringify(position));
      position = kept;
      ({ pipeline } = planFor(sql, wanted));
    }
  }
  return concatBytes(bytes.length === 0 ? [new Uint8Array()] : bytes);
}

/** The whole file as text. */
export function textOf(sql: SqlStorage, wanted: Wanted = {}): string {
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(fileOf(sql, wanted));
}

/** What a job's status would list when the file is made. */
export function warningsOf(sql: SqlStorage, wanted: Wanted = {}): readonly string[] {
  const { layout, pipeline } = planFor(sql, wanted);
  let position = pipeline.start();
  while (!position.isDone) ({ position } = pipeline.step(position));
  return [...layout.warnings, ...pipeline.warnings(position)];
}

/** How many rows SQLite read to make a file. */
export function rowsReadFor(sql: SqlStorage, wanted: Wanted): number {
  let rows = 0;
  const counting = new Proxy(sql, {
    get(target, name) {
      if (name !== "exec") return Reflect.get(target, name, target);
      return (query: string, ...values: unknown[]) => {
        const cursor = target.exec(query, ...values);
        const read = [...cursor.raw()];
        rows += cursor.rowsRead;
        const names = cursor.columnNames;
        return {
          raw: () => read[Symbol.iterator](),
          toArray: () => read.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value]))),
        };
      };
    },
  });
  fileOf(counting, wanted);
  return rows;
}
