/** From what is asked for, in a request or by a host, to the options of an export. Checked once, here. */
import type { FormatOptionSpecs, FormatOptions } from "../../formats/format.ts";
import { allowedOf, defaultsOf, isAllowed } from "../../formats/format-options.ts";
import type { DumpRequest, ExportOptions, JobOptions, JobRequest } from "../api.ts";
import { chosenCompression } from "./compression.ts";
import { chosenFormat } from "./chosen-format.ts";
import type { GivenOptions } from "./given.ts";
import { namedTables } from "./named-tables.ts";
import { ObjectOptions } from "./object-options.ts";
import type { OptionContext } from "./option.ts";
import { QueryOptions } from "./query-options.ts";
import { refuse } from "./refusals.ts";
import { valuesOf } from "./option-values.ts";
import { exportOptionNames, exportOptionTable, jobOptionNames, jobOptionTable, type OptionName } from "./table.ts";

/** The options of a download. Throws `invalid_option` or `unknown_table`. */
export function parseOptions(request: DumpRequest, context: OptionContext): ExportOptions {
  return exportOptions(givenBy(request, context), context, exportOptionNames);
}

/** The options of a job. Throws `invalid_option` or `unknown_table`. */
export function parseJobOptions(request: JobRequest, context: OptionContext): ExportOptions & Required<JobOptions> {
  const given = givenBy(request, context);
  return {
    ...exportOptions(given, context, [...exportOptionNames, ...jobOptionNames]),
    ...valuesOf(jobOptionTable, (name, option) => given.value(name, option)),
  };
}

function givenBy(request: JobRequest, context: OptionContext): GivenOptions {
  return request instanceof URLSearchParams ? new QueryOptions(request, context) : new ObjectOptions(request, context);
}

function exportOptions(given: GivenOptions, context: OptionContext, known: readonly OptionName[]): ExportOptions {
  const asked = valuesOf(exportOptionTable, (name, option) => given.value(name, option));
  const { format, preset } = chosenFormat(asked, given, context);
  given.rejectUnknown(format, known);
  const { for: _program, gzip: _gzip, ...values } = asked;
  return {
    ...values,
    ...namedTables(asked, given, context),
    format,
    compress: chosenCompression(asked, given),
    formatOptions: chosenFormatOptions(format.options ?? {}, preset, given),
  };
}

/** A value for each of a format's own options. */
function chosenFormatOptions(options: FormatOptionSpecs, preset: FormatOptions, given: GivenOptions): FormatOptions {
  const values = { ...defaultsOf(options), ...preset };
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const value = given.formatOption(name) ?? values[name] ?? "";
      if (isAllowed(option, value)) return [name, value];
      return refuse({ option: given.formatOptionName(name), received: value, allowed: allowedOf(option) });
    }),
  );
}
