/** Databases whose rows come in every order that memory may depend on. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { madeOnce } from "./made.ts";

/** Rows of `t(id, name, v)` by their number `i`, unless `create` and `insert` say otherwise. */
interface Order {
  readonly rows: number;
  readonly v?: string;
  readonly create?: string;
  readonly insert?: string;
}

const blob = "randomblob(2000000)";
const small = "'value ' || i";
const wide = Array.from({ length: 100 }, (_, at) => `c${at}`);
const long = Array.from({ length: 60 }, (_, at) => `"${"a long name ".repeat(40)}${at}"`);
export const orders: Readonly<Record<string, Order>> = {
  "small, then 2 MB": { rows: 70, v: `CASE WHEN i <= 60 THEN ${small} ELSE ${blob} END` },
  "thousands small, then 2 MB": { rows: 9_010, v: `CASE WHEN i <= 9000 THEN ${small} ELSE ${blob} END` },
  "2 MB, then small": { rows: 20_010, v: `CASE WHEN i <= 10 THEN ${blob} ELSE ${small} END` },
  alternating: { rows: 20, v: `CASE WHEN i % 2 = 0 THEN ${small} ELSE ${blob} END` },
  "one of 2 MB among small": { rows: 30_000, v: `CASE WHEN i = 15000 THEN ${blob} ELSE ${small} END` },
  "BLOBs of 2 MB": { rows: 10, v: blob },
  "texts of 2 MB": { rows: 10, v: "replace(printf('%.200000c', 'x'), 'x', 'some text ')" },
  "texts of 2 MB, several bytes a character": { rows: 10, v: "replace(printf('%.100000c', 'x'), 'x', 'Привет 😀 ')" },
  "control characters, 2 MB": { rows: 10, v: "replace(printf('%.1000000c', 'x'), 'x', char(1) || char(31))" },
  "quotes and CRLF, 2 MB": { rows: 10, v: `replace(printf('%.500000c', 'x'), 'x', '''"' || char(13, 10))` },
  "NULs, 2 MB": { rows: 10, v: "char(0) || printf('%.1999999c', 'y')" },
  "small, then 16 KB": { rows: 10_500, v: `CASE WHEN i <= 9000 THEN ${small} ELSE printf('%.16000c', 'x') END` },
  "100 columns of 20 KB": {
    rows: 80,
    create: `CREATE TABLE t (${wide.join()})`,
    insert: `SELECT ${wide.map(() => "CASE WHEN i <= 60 THEN 'x' ELSE printf('%.20000c', 'y') END").join()} FROM n`,
  },
  "names of 480 bytes": {
    rows: 5_000,
    create: `CREATE TABLE t (${long.join()})`,
    insert: `SELECT ${long.map((_, at) => (at % 20 === 0 ? "i" : "NULL")).join()} FROM n`,
  },
};

const folder = join(import.meta.dirname, "../../.bench");

/** Bytes of the largest row as it is stored. */
export function largestRow(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const names = database.prepare("SELECT name FROM pragma_table_info('t')").all();
    const sizes = names.map(({ name }) => `coalesce(octet_length("${String(name)}"),0)`);
    return Number(database.prepare(`SELECT max(${sizes.join("+")}) AS most FROM t`).get()?.["most"]);
  } finally {
    database.close();
  }
}

/** The file of an order, made if it is not there. */
export function databaseOf(name: string): string {
  const at = Object.keys(orders).indexOf(name);
  const order = orders[name];
  if (order === undefined) throw new TypeError(`There is no order "${name}"`);
  const { rows, v, create, insert } = order;
  const path = join(folder, `rows-${at}.sqlite`);
  return madeOnce(path, (database) => {
    database.exec(create ?? "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, v)");
    const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
    database.exec(`INSERT INTO t ${numbers} ${insert ?? `SELECT i, 'row ' || i, ${v} FROM n`}`);
    database.exec("CREATE TABLE u (a); INSERT INTO u VALUES (1)"); // so that CSV of all is an archive
  });
}
