/** From options to a file: the source, the layout, and the pipeline that makes it. The same for a download and a job. */
import type { Format } from "../../formats/format.ts";
import type { ExportOptions } from "../api.ts";
import { ExportError } from "../errors.ts";
import { layingOut, type Layout } from "./layout.ts";
import { KiB } from "../base/units.ts";
import { crc32 } from "../pack/crc32.ts";
import { availableDeflate, deflater, type DeflaterName } from "../pack/deflate.ts";
import { gzipPacker } from "../pack/gzip.ts";
import type { Packer } from "../pack/packer.ts";
import { plainPacker } from "../pack/plain.ts";
import { zipPacker } from "../pack/zip.ts";
import { zstdPacker } from "../pack/zstd.ts";
import { nativeZstd } from "../pack/zstd-native.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import type { Facts } from "../reader/facts.ts";
import { readingSource } from "../reader/sqlite-source.ts";
import { runToEnd, runCooperatively } from "../base/event-loop.ts";
import type { PageBudget, Source } from "../reader/source.ts";

/**
 * What a page holds: bytes as rendered, large enough to batch, small enough to render in 1 to 3 ms (docs/decisions/0019), and rows, so
 * that a page of tiny ones still renders in less than 10 ms.
 */
export const usualPage = { bytes: 256 * KiB, rows: 8192 };

/**
 * Changes whenever the same database comes out as other bytes: text of a format, sizes of pages and of blocks. A job that was begun with
 * another one begins again (docs/decisions/0046); `test/file/rendering-version.test.ts` tells when it is due.
 */
export const renderingVersion = 2;

/** Deflate level of gzip and zip: 65 MB/s and a ratio of 3.5 on INSERT text (level 1: 158 MB/s, 3.2). */
export const deflateLevel = 6;

/** zstd level: zstd's own default (ZSTD_CLEVEL_DEFAULT); measured in docs/decisions/0072. */
export const usualZstdLevel = 3;

/** What the bytes of a file depend on besides the data and the options; a job keeps what it began with. */
export interface EncodingSettings {
  readonly deflate: DeflaterName;
  readonly page: PageBudget;
  /** Deflate level, 1 to 9. */
  readonly level: number;
  /** zstd level, 1 to 9. */
  readonly zstdLevel: number;
  /** `renderingVersion` of the code that began. */
  readonly version: number;
}

/** All that a plan depends on besides the database and the code. */
export type PlanOptions = ExportOptions & Omit<EncodingSettings, "version">;

/** What a new file is made with: the faster deflater that this Worker has, pages of this size, and these levels. */
export function currentEncodingSettings(
  page: PageBudget = usualPage,
  level: number = deflateLevel,
  zstdLevel: number = usualZstdLevel,
): EncodingSettings {
  return { deflate: availableDeflate(), page, level, zstdLevel, version: renderingVersion };
}

/** A file that can be made. */
export interface Plan {
  readonly source: Source;
  readonly layout: Layout;
  readonly pipeline: Pipeline;
  /** Size of the database. */
  readonly databaseBytes: number;
}

/** Reads the schema and puts the chain together. `factsBefore` is what an earlier plan of the same export has seen; null for a new one. */
export function planOf(
  sql: SqlStorage,
  options: PlanOptions,
  formats: readonly Format[],
  factsBefore: Facts | null = null,
): Plan {
  return runToEnd(planning(sql, options, formats, factsBefore));
}

/** The same in several turns, where there are many tables. Should the schema change meanwhile it is planned again, in the end in one turn. */
export async function planCooperatively(...args: Parameters<typeof planOf>): Promise<Plan> {
  for (let tries = 0; tries < planTries; tries++) {
    try {
      return await runCooperatively(verified(args));
    } catch (error) {
      if (!(error instanceof ExportError && error.code === "schema_changed")) throw error;
    }
  }
  return planOf(...args);
}

function* verified(args: Parameters<typeof planOf>): Generator<void, Plan, void> {
  const plan = yield* planning(...args);
  plan.source.verify();
  return plan;
}

/** How often a plan may be made in vain. */
const planTries = 3;

function* planning(
  sql: SqlStorage,
  options: PlanOptions,
  formats: readonly Format[],
  factsBefore: Facts | null = null,
): Generator<void, Plan, void> {
  const source = yield* readingSource(sql, options, options.page, factsBefore);
  const layout = yield* laidOut(options, layingOut(source.schema, options, formats));
  const pipeline = createPipeline(source, layout, packerFor(layout, options));
  return { source, layout, pipeline, databaseBytes: sql.databaseSize };
}

/** A format may refuse what it cannot hold: trying again finds the same. */
function* laidOut({ format }: PlanOptions, work: Generator<void, Layout, void>): Generator<void, Layout, void> {
  try {
    return yield* work;
  } catch (cause) {
    if (cause instanceof ExportError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ExportError("data_unreadable", `Cannot lay the file out as ${format.name}: ${message}`, { cause });
  }
}

/** The time of all ZIP entries: a year behind the earliest that one can hold (APPNOTE 4.4.6), so that no time zone takes it out of range. */
const zipEpoch = new Date(Date.UTC(1981, 0, 1));

function packerFor(layout: Layout, { deflate, compress, level, zstdLevel }: PlanOptions): Packer {
  // No times in the headers: the same data gives the same bytes, whenever it is exported.
  switch (layout.packing) {
    case "plain":
      return plainPacker;
    case "gzip":
      return gzipPacker({ deflate: deflater(deflate), crc32, level, modified: 0 });
    case "zstd":
      return zstdPacker(nativeZstd(zstdLevel));
    case "zip":
      return zipPacker({ deflate: compress === "gzip" ? deflater(deflate) : null, crc32, level, modified: zipEpoch });
  }
}
