/** What every format must keep, as checks for any test runner. */
import { unzipSync } from "fflate";
import type { Format } from "../../formats/format.ts";
import { bothPaths } from "./both-paths.ts";
import { equalBytes, expectTrue } from "./expect.ts";
import { makeFile } from "./make-file.ts";
import { sampleTables } from "./samples.ts";

/** One check. */
export interface ContractCheck {
  /** What it shows, as the name of a test. */
  readonly name: string;
  /** Rejects with an `Error` that says what is wrong. */
  readonly run: () => Promise<void>;
}

/** What the checks run with. */
export interface ContractOptions {
  /** Runs a function with the storage of a new, empty, SQLite-backed Durable Object: `runInDurableObject()` of Cloudflare's vitest plugin gives one. */
  readonly withDatabase: (use: (sql: SqlStorage) => Promise<void>) => Promise<void>;
  /**
   * Makes the tables `sample`, of several pages, and `empty`, without rows; for a format that refuses some of the usual values.
   *
   * @default tables with every storage class, integers beyond 2^53, infinities, BLOBs, quotes, line breaks, and text that is not ASCII
   */
  readonly fill?: (sql: SqlStorage) => void;
}

/**
 * Checks of a format: its names, that a file does not depend on how a job is cut into slices, that a state is plain data, that nothing is kept from
 * file to file, archives, and that both paths of a row encoder give the same bytes.
 *
 * ```ts
 * for (const { name, run } of formatContract(myFormat, { withDatabase })) it(name, run);
 * ```
 */
export function formatContract(
  format: Format,
  { withDatabase, fill = sampleTables }: ContractOptions,
): ContractCheck[] {
  const sample = (sql: SqlStorage, stepsPerSlice?: number) =>
    makeFile(sql, { format, tables: ["sample"], ...(stepsPerSlice !== undefined && { stepsPerSlice }) });
  const check = (name: string, use: (sql: SqlStorage) => void): ContractCheck => ({
    name,
    run: () =>
      withDatabase(async (sql) => {
        fill(sql);
        use(sql);
      }),
  });
  return [
    {
      name: "has a name that fits into a URL, an extension and a media type",
      async run() {
        expectTrue(/^[a-z0-9]+$/.test(format.name), `The name "${format.name}" is not of a-z and 0-9`);
        expectTrue(/^\.[a-z0-9]+$/.test(format.extension), `The extension "${format.extension}" is not as ".csv"`);
        const isMediaType = /^[a-z]+\/[a-z0-9.+-]+(?:; [a-z]+=[a-z0-9-]+)*$/.test(format.mediaType);
        expectTrue(isMediaType, `The media type "${format.mediaType}" is not as "text/csv; charset=utf-8"`);
      },
    },
    check("gives the same bytes in slices of any size, with its state through JSON", (sql) => {
      const whole = sample(sql);
      for (const steps of [1, 3]) equalBytes(sample(sql, steps), whole, `in slices of ${steps} steps`);
    }),
    check("takes a table without rows", (sql) => {
      const text = new TextDecoder().decode(makeFile(sql, { format, tables: ["empty"] }));
      expectTrue(!text.includes("undefined"), "The file of a table without rows says `undefined`");
    }),
    check("keeps nothing from file to file", (sql) => {
      const before = sample(sql);
      makeFile(sql, { format, tables: ["empty"] });
      equalBytes(sample(sql), before, "after another file");
    }),
    check("gives the same bytes in an archive, if a file holds one table", (sql) => {
      if (format.scope !== "table") return;
      const entries = unzipSync(makeFile(sql, { format, tables: null }));
      const entry = entries[`sample${format.extension}`] ?? new Uint8Array();
      equalBytes(entry, sample(sql), "in an archive");
    }),
    {
      name: "gives the same bytes by the fast and by the slow path, for values of every kind",
      run: () => withDatabase(async (sql) => bothPaths(sql, format)),
    },
  ];
}
