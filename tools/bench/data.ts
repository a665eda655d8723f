/** Databases to measure with: seeded, of a given size, of one kind or a mix. Made once, and kept in `.bench/`. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { madeOnce } from "./made.ts";

/** What the rows are like. */
export type Kind = "mix" | "narrow" | "wide" | "text" | "blobs" | "keys" | "real" | "notes" | "mail" | "logs" | "ids";

/** One table of a kind: its definition, and an INSERT of some rows that begin behind row ?1; ?2 of them. */
interface Recipe {
  readonly create: string;
  readonly insert: string;
  readonly rowsPerInsert: number;
}

const numbers = "WITH RECURSIVE n(i) AS (SELECT ?1 + 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + ?2)";
/** A pseudo-random number of a row, the same every time: Knuth's multiplicative hash. */
const hash = (salt: number) => `((i * 2654435761 + ${salt} * 40503) % 4294967291)`;
/** So many words, others in each row. */
const words = (count: number) =>
  Array.from({ length: count }, (_, at) => `'word' || (${hash(at)} % 9973)`).join(" || ' ' || ");
const wideColumns = Array.from({ length: 90 }, (_, at) => `c${at}`);

const recipes: Readonly<Record<Exclude<Kind, "mix">, Recipe>> = {
  narrow: {
    create:
      "CREATE TABLE narrow (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c TEXT, d REAL, e INTEGER, f TEXT, g INTEGER, h TEXT, j INTEGER)",
    insert: `INSERT INTO narrow ${numbers} SELECT i, ${hash(1)}, i % 100, 'name ' || i, ${hash(2)} / 100.0, ${hash(3)} % 1000, CASE i % 4 WHEN 0 THEN NULL ELSE 'group ' || (i % 50) END, i * 7, 'x' || (i % 9), i % 2 FROM n`,
    rowsPerInsert: 20_000,
  },
  wide: {
    create: `CREATE TABLE wide (${wideColumns.map((name, at) => `${name} ${["INTEGER", "TEXT", "REAL"][at % 3]}`).join(",")})`,
    insert: `INSERT INTO wide ${numbers} SELECT ${wideColumns.map((_, at) => [hash(at), `'value ' || (i + ${at})`, `${hash(at)} / 8.0`][at % 3]).join(",")} FROM n`,
    rowsPerInsert: 2_000,
  },
  text: {
    create: "CREATE TABLE texts (id INTEGER PRIMARY KEY, title TEXT, body TEXT)",
    insert: `INSERT INTO texts ${numbers} SELECT i, 'Überschrift ' || i, replace(printf('%.' || (5 + ${hash(1)} % 60) || 'c', 'x'), 'x', 'Съешь же ещё этих мягких булок, it''s 東京 😀 ' || i || char(10)) FROM n`,
    rowsPerInsert: 2_000,
  },
  blobs: {
    create: "CREATE TABLE blobs (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB)",
    insert: `INSERT INTO blobs ${numbers} SELECT i, 'file ' || i, randomblob(CASE WHEN i % 50 = 0 THEN 2000000 ELSE 10000 + ${hash(1)} % 50000 END) FROM n`,
    rowsPerInsert: 20,
  },
  keys: {
    create:
      "CREATE TABLE keys (tenant TEXT, at INTEGER, kind INTEGER, value TEXT, PRIMARY KEY (tenant, at, kind)) WITHOUT ROWID",
    insert: `INSERT INTO keys ${numbers} SELECT 'tenant ' || (i / 10000), i, i % 3, 'value ' || ${hash(1)} FROM n`,
    rowsPerInsert: 20_000,
  },
  real: {
    create: "CREATE TABLE reals (id INTEGER PRIMARY KEY, a REAL, b REAL, c REAL, d REAL)",
    insert: `INSERT INTO reals ${numbers} SELECT i, ${hash(1)} / 7.0, ${hash(2)} / 1e9, ${hash(3)} * 1e15, sin(i) FROM n`,
    rowsPerInsert: 20_000,
  },
  /** As Anki keeps its cards: fields of a note with 0x1F between them. */
  notes: {
    create:
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, guid TEXT, mid INTEGER, mod INTEGER, tags TEXT, flds TEXT, sfld TEXT, csum INTEGER)",
    insert: `INSERT INTO notes ${numbers} SELECT 1400000000000 + i, 'g' || ${hash(1)}, i % 7, 1400000000 + i, ' tag' || (i % 9) || ' ', ${words(6)} || char(31) || ${words(14)} || char(31) || '<b>' || ${words(4)} || '</b>' || char(31), ${words(2)}, ${hash(3)} FROM n`,
    rowsPerInsert: 10_000,
  },
  /** E-mail, with CRLF behind each line. */
  mail: {
    create: "CREATE TABLE mail (id INTEGER PRIMARY KEY, sender TEXT, head TEXT, body TEXT)",
    insert: `INSERT INTO mail ${numbers} SELECT i, 'user' || (i % 997) || '@example.com', 'Subject: ' || ${words(5)} || char(13, 10) || 'Message-ID: <' || i || '@example.com>' || char(13, 10) || 'MIME-Version: 1.0' || char(13, 10), replace(printf('%.' || (5 + ${hash(1)} % 60) || 'c', 'x'), 'x', ${words(8)} || char(13, 10)) FROM n`,
    rowsPerInsert: 5_000,
  },
  /** Lines of a terminal, with colours. */
  logs: {
    create: "CREATE TABLE logs (id INTEGER PRIMARY KEY, at REAL, line TEXT)",
    insert: `INSERT INTO logs ${numbers} SELECT i, i / 7.0, char(27) || '[3' || (i % 8) || 'm' || ${words(4)} || char(27) || '[0m ' || ${words(6)} || char(9) || char(12) FROM n`,
    rowsPerInsert: 20_000,
  },
  /** UUIDs as BLOBs, and numbers as JavaScript binds them. */
  ids: {
    create: "CREATE TABLE ids (id BLOB PRIMARY KEY, parent BLOB, name TEXT, value, deleted)",
    insert: `INSERT INTO ids ${numbers} SELECT unhex(printf('%016x%016x', ${hash(1)}, i)), unhex(printf('%032x', ${hash(2)})), 'name ' || i, i * 1.0, 0.0 FROM n`,
    rowsPerInsert: 20_000,
  },
};

/** Shares of a mix: mostly rows of an application, some documents and pictures. */
const mix: Readonly<Partial<Record<Kind, number>>> = {
  narrow: 0.45,
  keys: 0.15,
  text: 0.15,
  blobs: 0.15,
  real: 0.05,
  wide: 0.05,
};

export const kinds: readonly Kind[] = [
  "mix",
  "narrow",
  "wide",
  "text",
  "blobs",
  "keys",
  "real",
  "notes",
  "mail",
  "logs",
  "ids",
];

/** Path of a database of a kind and a size in bytes; makes it if it is not there. */
export function databaseFile(folder: string, kind: Kind, bytes: number): string {
  const path = join(folder, `${kind}-${bytes}.sqlite`);
  return madeOnce(path, (database) => {
    const shares = kind === "mix" ? Object.entries(mix) : [[kind, 1] as const];
    let goal = 0;
    for (const [name, share] of shares) {
      const recipe = recipes[isRecipe(name) ? name : "narrow"];
      database.exec(recipe.create);
      const insert = database.prepare(recipe.insert);
      goal += bytes * share;
      let rows = 0;
      while (sizeOf(database) < goal) {
        insert.run(BigInt(rows), BigInt(recipe.rowsPerInsert));
        rows += recipe.rowsPerInsert;
      }
    }
  });
}

function isRecipe(name: string): name is keyof typeof recipes {
  return name in recipes;
}

function sizeOf(database: DatabaseSync): number {
  const [pages] = Object.values(database.prepare("PRAGMA page_count").get() ?? {});
  return Number(pages) * 4096;
}

/** The tables of a file with their rows. */
export function tablesIn(path: string): readonly { readonly name: string; readonly rows: number }[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid").all();
  const tables = names.map(({ name }) => ({
    name: String(name),
    rows: Number(database.prepare(`SELECT count(*) AS n FROM "${String(name)}"`).get()?.["n"]),
  }));
  database.close();
  return tables;
}
