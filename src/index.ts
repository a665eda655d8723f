export { Exporter, type ExporterOptions } from "./exporter.ts";
export { exportRoutes } from "./http/worker-routes.ts";
export { ExportError, type ExportErrorCode } from "./errors.ts";
export type {
  DumpRequest,
  JobRequest,
  Compression,
  Dump,
  Engine,
  ExportOptions,
  JobOptions,
  JobState,
  JobStatus,
  Progress,
} from "./api.ts";
export { csv, formats, jsonl, sql } from "../formats/index.ts";
export type * from "../formats/format.ts";
