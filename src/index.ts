export { Exporter } from "./exporter.ts";
export type { ExporterOptions } from "./exporter-options.ts";
export { exportRoutes, type ExportRoutesOptions } from "./http/worker-routes.ts";
export { ExportError, type ExportErrorCode } from "./errors.ts";
export type {
  DumpRequest,
  JobRequest,
  Compression,
  DeletedDump,
  Dump,
  Engine,
  ExportOptions,
  JobOptions,
  JobState,
  JobStatus,
  ListRequest,
  Progress,
} from "./api.ts";
export { csv, formats, jsonl, sql } from "../formats/index.ts";
export type * from "../formats/format.ts";
export type { DownloadBucket } from "./http/stored-download.ts";
export type { SliceBudget } from "./job/slice-context.ts";
export type { PageBudget } from "./reader/source.ts";
export type * from "./sink/sink.ts";
