/** Databases that nobody thought of: any names, definitions, keys, values and page sizes; they come back by both targets. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Server } from "../../tools/lib/server.ts";
import { statementsOf } from "../../tools/lib/statements.ts";
import { differenceOf, fileDifference, restorers } from "../support/e2e/equal.ts";
import { databaseOf, readerOf, restoreToObject, startTestServer } from "../support/e2e/d1-targets.ts";
import { bytesOf, temporaryFolder } from "../support/e2e/files.ts";
import { byThoroughness } from "../support/thorough.ts";

let server: Server;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const name = fc.oneof(
  fc.constantFrom(
    "a",
    "rowid",
    "OID",
    "_rowid_",
    "select",
    'q"q',
    "s's",
    "b`[]",
    "x;--/*",
    "line\nfeed",
    "é",
    "É",
    "😀",
    "%_",
    "_t",
    "k",
    "r",
  ),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((text) => !/\0|\r\n|^(?:sqlite_|_cf_|_durable_export_|__miniflare)/i.test(text)),
);
const type = fc.constantFrom(
  "",
  "INTEGER",
  "INT",
  "TEXT",
  "REAL",
  "NUMERIC",
  "BLOB",
  "VARCHAR(10) COLLATE NOCASE",
  "DOUBLE",
);

/** A value as an SQL literal. */
const value = fc.oneof(
  { weight: 2, arbitrary: fc.constant("NULL") },
  { weight: 3, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "0.0",
      "-0.0",
      "9e999",
      "-9e999",
      "5e-324",
      "1.5",
      "-2.0",
      "1e15",
      "0.1",
      "9007199254740993.0",
    ),
  },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((real) => real.toExponential()) },
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }).map(asText) },
  {
    weight: 2,
    arbitrary: fc
      .string({ unit: fc.constantFrom("'", '"', "\r", "\n", "\0", ";", "\u001b", ",", "(", ")"), maxLength: 6 })
      .map(asText),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => `X'${bytes.toHex()}'`) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => `CAST(X'${bytes.toHex()}' AS TEXT)`) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 30_000, max: 130_000 }).map((size) => `replace(zeroblob(${size}),x'00','é')`),
  },
);

function asText(text: string): string {
  return `CAST(X'${Buffer.from(text.toWellFormed()).toString("hex")}' AS TEXT)`;
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
/** What SQLite takes for the same name; it folds no more than ASCII. */
const folded = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

const table = fc.record({
  name,
  columns: fc.uniqueArray(fc.record({ name, type }), {
    minLength: 1,
    maxLength: 5,
    selector: (one) => folded(one.name),
  }),
  key: fc.constantFrom(
    "none",
    "alias",
    "alias descending",
    "first",
    "composite",
    "without rowid",
    "without rowid, mixed",
  ),
  index: fc.constantFrom("none", "plain", "partial", "expression"),
  generated: fc.boolean(),
  rows: fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { maxLength: 9 }),
  rowids: fc.uniqueArray(fc.bigInt({ min: -20n, max: 20n }), { minLength: 9, maxLength: 9 }),
  keepsRowids: fc.boolean(),
});

type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;

function statements(
  { columns, key, index, generated, rows, rowids, keepsRowids, ...one }: Table,
  at: number,
): string[] {
  const names = columns.map((column) => quoted(column.name));
  const own = `${one.name}${at}`;
  const [first = "", second = first] = names;
  const keys: Readonly<Record<Table["key"], readonly [string, string]>> = {
    none: ["", ""],
    alias: [`, alias INTEGER PRIMARY KEY`, ""],
    "alias descending": [`, alias INTEGER PRIMARY KEY DESC`, ""],
    first: [`, PRIMARY KEY (${first})`, ""],
    composite: [`, PRIMARY KEY (${[...new Set([first, second])].join(",")})`, ""],
    "without rowid": [`, PRIMARY KEY (${[...new Set([first, second])].join(",")})`, " WITHOUT ROWID"],
    "without rowid, mixed": [
      `, PRIMARY KEY (${second === first ? first : `${first} DESC, ${second}`})`,
      " WITHOUT ROWID",
    ],
  };
  const free = ["rowid", "_rowid_", "oid"].find((word) => !columns.some((column) => folded(column.name) === word));
  const target = keepsRowids && !key.startsWith("without") && free !== undefined ? [free] : [];
  const computed = generated ? `, computed AS (typeof(${first}) || typeof(${second})) STORED` : "";
  const lists = rows.map((row, number) =>
    [...target.map(() => String(rowids[number])), ...row.slice(0, columns.length)].join(","),
  );
  const definitions: Readonly<Record<Table["index"], readonly string[]>> = {
    none: [],
    plain: [`CREATE INDEX ${quoted(`i${own}`)} ON ${quoted(own)} (${first} DESC, ${second})`],
    partial: [`CREATE INDEX ${quoted(`i${own}`)} ON ${quoted(own)} (${second}) WHERE ${first} > 1`],
    expression: [
      `CREATE INDEX ${quoted(`i${own}`)} ON ${quoted(own)} (typeof(${first}), hex(${second}), ${names.at(-1)})`,
    ],
  };
  return [
    `CREATE TABLE ${quoted(own)} (${columns.map((column) => `${quoted(column.name)} ${column.type}`).join(", ")}${computed}${keys[key][0]})${keys[key][1]}`,
    ...definitions[index],
    ...lists.map(
      (list) => `INSERT OR IGNORE INTO ${quoted(own)} (${[...target, ...names].join(",")}) VALUES (${list})`,
    ),
  ];
}

it("come back, by every restorer and in another object", async () => {
  let number = 0;
  const folder = temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(table, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 6 }),
      async (tables, pageRows) => {
        const database = `random-${number++}`;
        const object = readerOf(() => server, database);
        const sql = tables.flatMap((one, at) => statements(one, at));
        for (const statement of sql) {
          // a definition that SQLite refuses, or a row, makes another database: that is as good
          await object(statement).catch(() => null);
        }
        const dump = (options: string) =>
          bytesOf(databaseOf(server, database), `/export/dump?${options}`, {
            headers: { "X-Page-Rows": String(pageRows) },
          });
        const one = { name: database, sql };
        writeFileSync(join(folder, "dump.sql"), await dump(""));
        for (const [restorer, make] of Object.entries(restorers)) {
          const path = join(folder, `${database}-${restorer.replace(":", "-")}.db`);
          await make(join(folder, "dump.sql"), path);
          expect(await fileDifference(one, object, path), restorer).toBeNull();
        }
        const statementsForD1 = statementsOf(Buffer.from(await dump("target=d1")).toString("utf8"));
        await restoreToObject(server, `${database}-copy`, statementsForD1);
        expect(
          await differenceOf(
            one,
            object,
            readerOf(() => server, `${database}-copy`),
          ),
          "target=d1",
        ).toBeNull();
      },
    ),
    { numRuns: byThoroughness(10, 40) },
  );
});
