/** The options of a job in the form that is stored with it. */
import type { ExportOptions, JobOptions } from "../api.ts";
import { valuesOf } from "./option-values.ts";
import { exportOptionTable, jobOptionTable } from "./table.ts";

/** All options, and the format by its name. */
export type StoredOptions = Omit<Required<ExportOptions & JobOptions>, "format"> & { readonly format: string };

/** The options in the form that is stored, with a value for each. */
export function storedOptions(options: ExportOptions & JobOptions): StoredOptions {
  return { ...defaults, ...options, format: options.format.name };
}

const {
  format: _format,
  for: _program,
  gzip: _gzip,
  ...exportDefaults
} = valuesOf(exportOptionTable, (_, option) => option.default);
const defaults = { ...exportDefaults, formatOptions: {}, ...valuesOf(jobOptionTable, (_, option) => option.default) };

/** True if two jobs were asked for the same; an option that one of them does not know yet has its default there. */
export function isSameRequest(one: StoredOptions, other: StoredOptions): boolean {
  return canonical(one) === canonical(other);
}

function canonical(options: StoredOptions): string {
  return JSON.stringify(Object.entries({ ...defaults, ...options }).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
