/** Loads a SQLite file of any size into the object, value by value exact, by `POST /query`. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { query, type Statement } from "./database.ts";
import type { Server } from "./server.ts";

/** One `sql` may have 100,000 bytes (workerd util/sqlite.c++:1375). */
const batchBytes = 90_000;
const requestsAtOnce = 4;

interface Source {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string;
  readonly kind: string | null;
}

/** What was found that cannot be loaded. */
export interface Loaded {
  readonly rows: number;
  readonly skipped: readonly string[];
}

/** Loads all tables with their rows, then what belongs to them. Throws if the file is no SQLite database. */
export async function loadFile(
  server: Server,
  path: string,
  onRows: (share: number, rows: number) => void,
): Promise<Loaded> {
  const file = new DatabaseSync(path, { readOnly: true });
  try {
    const objects = readSchema(file, path);
    const tables = objects.filter(
      (object) => object.type === "table" && object.kind === "table" && !/^sqlite_/i.test(object.name),
    );
    const virtual = objects.filter((object) => object.kind === "virtual");
    const counts = tables.map((table) =>
      Number(file.prepare(`SELECT count(*) AS n FROM ${quoted(table.name)}`).get()?.["n"] ?? 0),
    );
    const all = counts.reduce((sum, count) => sum + count, 0);
    const lanes = new Lanes(server);
    let rows = 0;
    // Rows may come before those that they refer to, as in the file; a pragma of its own, as it must not follow a write.
    await query(server, { sql: "PRAGMA foreign_keys=OFF" });
    for (const table of tables) {
      await query(server, { sql: table.sql });
      for (const { statement, count } of rowStatements(file, table.name)) {
        await lanes.run(statement);
        onRows((rows += count) / Math.max(1, all), rows);
      }
    }
    await lanes.idle();
    const skipped: string[] = [];
    for (const table of virtual) if (!(await loadVirtual(server, file, table))) skipped.push(table.name);
    if (tables.some((table) => /\bautoincrement\b/i.test(table.sql))) {
      await query(server, { sql: "DELETE FROM sqlite_sequence" });
      for (const { statement } of rowStatements(file, "sqlite_sequence")) await query(server, statement);
    }
    for (const type of ["index", "view", "trigger"]) {
      for (const object of objects) if (object.type === type) await query(server, { sql: object.sql });
    }
    await query(server, { sql: "PRAGMA foreign_keys=ON" });
    return { rows, skipped };
  } finally {
    file.close();
  }
}

function readSchema(file: DatabaseSync, path: string): readonly Source[] {
  try {
    const rows = file
      .prepare(
        `SELECT s.type, s.name, s.tbl_name, s.sql, l.type AS kind FROM sqlite_schema s
         LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.name AND s.type = 'table' WHERE s.sql IS NOT NULL ORDER BY s.rowid`,
      )
      .all();
    return rows.map((row) => ({
      type: String(row["type"]),
      name: String(row["name"]),
      tbl_name: String(row["tbl_name"]),
      sql: String(row["sql"]),
      kind: row["kind"] === null ? null : String(row["kind"]),
    }));
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A virtual table is made anew and filled by what it shows; one without content of its own is rebuilt, or left out. */
async function loadVirtual(server: Server, file: DatabaseSync, table: Source): Promise<boolean> {
  await query(server, { sql: table.sql });
  const name = quoted(table.name);
  const content = /\bcontent\s*=\s*(['"]?)(\w*)\1/i.exec(table.sql);
  if (content !== null) {
    if (content[2] === "") return false;
    await query(server, { sql: `INSERT INTO ${name} (${name}) VALUES ('rebuild')` });
    return true;
  }
  for (const { statement } of rowStatements(file, table.name)) await query(server, statement);
  return true;
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A table's rows as INSERT statements; rowids are kept, generated columns are not inserted. */
function* rowStatements(file: DatabaseSync, table: string): Generator<{ statement: Statement; count: number }> {
  const info = file.prepare(`SELECT name, hidden FROM pragma_table_xinfo(?)`).all(table);
  const list = file.prepare("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?").get(table);
  const taken = new Set(info.map((column) => String(column["name"]).toLowerCase()));
  const rowid = list?.["wr"] === 1 ? undefined : ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
  const names = info.filter((column) => column["hidden"] === 0).map((column) => quoted(String(column["name"])));
  const columns = [...(rowid === undefined ? [] : [rowid]), ...names];
  const insert = `INSERT INTO ${quoted(table)} (${columns.join(",")}) VALUES `;
  let [batch, bytes]: [string[], number] = [[], insert.length];
  for (const cells of cellsOf(file.prepare(selectOf(table, columns)), columns.length)) {
    const row = `(${cells.map(literalOf).join(",")})`;
    const rowBytes = Buffer.byteLength(row) + 1;
    if (batch.length > 0 && bytes + rowBytes > batchBytes) {
      yield { statement: { sql: insert + batch.join(",") }, count: batch.length };
      [batch, bytes] = [[], insert.length];
    }
    if (insert.length + rowBytes > batchBytes) {
      yield { statement: withParameters(insert, cells), count: 1 };
    } else {
      batch.push(row);
      bytes += rowBytes;
    }
  }
  if (batch.length > 0) yield { statement: { sql: insert + batch.join(",") }, count: batch.length };
}

type Cell = null | bigint | number | { readonly text: Uint8Array } | Uint8Array;

function selectOf(table: string, columns: readonly string[]): string {
  const values = columns.map(
    (column) =>
      `typeof(${column})='text',CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END`,
  );
  return `SELECT ${values.join(",")} FROM ${quoted(table)}`;
}

function* cellsOf(select: StatementSync, count: number): Generator<readonly Cell[]> {
  select.setReadBigInts(true);
  select.setReturnArrays(true);
  for (const row of select.iterate()) {
    const values: unknown[] = Object.values(row);
    yield Array.from({ length: count }, (_, at): Cell => cellOf(values[at * 2] === 1n, values[at * 2 + 1]));
  }
}

function cellOf(isText: boolean, value: unknown): Cell {
  if (value === null || typeof value === "bigint" || typeof value === "number") return value;
  if (value instanceof Uint8Array) return isText ? { text: value } : value;
  throw new TypeError(`Cannot load a value that came as ${typeof value}`);
}

function literalOf(cell: Cell): string {
  if (cell === null) return "NULL";
  if (typeof cell === "bigint") return cell.toString();
  if (typeof cell === "number")
    return Object.is(cell, -0) ? "-0.0" : Number.isFinite(cell) ? cell.toExponential() : cell > 0 ? "9e999" : "-9e999";
  if (cell instanceof Uint8Array) return `X'${Buffer.from(cell).toString("hex")}'`;
  const text = Buffer.from(cell.text);
  const isPlain = !text.includes(0) && Buffer.from(text.toString("utf8")).equals(text);
  return isPlain ? `'${text.toString("utf8").replaceAll("'", "''")}'` : `CAST(X'${text.toString("hex")}' AS TEXT)`;
}

/** A row too large for SQL text: its bytes travel as parameters, its numbers as literals, which are exact. */
function withParameters(insert: string, cells: readonly Cell[]): Statement {
  const params: Uint8Array[] = [];
  const values = cells.map((cell) => {
    if (cell === null || typeof cell === "bigint" || typeof cell === "number") return literalOf(cell);
    params.push(cell instanceof Uint8Array ? cell : cell.text);
    return cell instanceof Uint8Array ? "?" : "CAST(? AS TEXT)";
  });
  return { sql: `${insert}(${values.join(",")})`, params };
}

/** A few requests under way at once; rows carry their rowids, so their order does not matter. */
class Lanes {
  readonly #server: Server;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #failures: unknown[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  async run(statement: Statement): Promise<void> {
    while (this.#underWay.size >= requestsAtOnce) await Promise.race(this.#underWay);
    this.#throwFailure();
    const request = query(this.#server, statement)
      .catch((error: unknown) => this.#failures.push(error))
      .finally(() => this.#underWay.delete(request));
    this.#underWay.add(request);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
