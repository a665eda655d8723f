/** The options of a job in the form that is kept with it. */
import type { Compression, ExportOptions, JobOptions } from "../api.ts";
import { valuesOf } from "./option-values.ts";
import { exportOptionTable, jobOptionTable } from "./table.ts";

/** A format by its name; `compress` only where it is neither gzip nor nothing, as releases before it kept it. */
export type StoredOptions = Omit<Required<ExportOptions & JobOptions>, "format" | "compress"> & {
  readonly format: string;
  readonly gzip: boolean;
  readonly compress?: "zstd";
};

/** The options in the form that is kept, with a value for each. */
export function storedOptions(options: ExportOptions & JobOptions): StoredOptions {
  const { format, compress, ...given } = options;
  return {
    ...defaults,
    ...given,
    format: format.name,
    gzip: compress === "gzip",
    ...(compress === "zstd" && { compress }),
  };
}

const {
  format: _format,
  for: _program,
  gzip: _gzip,
  compress: _compress,
  ...exportDefaults
} = valuesOf(exportOptionTable, (_, option) => option.default);
const defaults = { ...exportDefaults, formatOptions: {}, ...valuesOf(jobOptionTable, (_, option) => option.default) };

/** How a job's file is packed. */
export function compressionOf({ gzip, compress }: StoredOptions): Compression {
  return compress ?? (gzip ? "gzip" : "none");
}

/** True if two jobs were asked for the same; an option that one of them does not know yet has its default there. */
export function isSameRequest(one: StoredOptions, other: StoredOptions): boolean {
  return canonical(one) === canonical(other);
}

function canonical(options: StoredOptions): string {
  return JSON.stringify(Object.entries({ ...defaults, ...options }).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
