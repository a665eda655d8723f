/** A table's rows as cells that can be compared, read in the same order from the object and from a file. */
import type { DatabaseSync } from "node:sqlite";
import { query } from "./database.ts";
import type { Server } from "./server.ts";

/** A value with its storage class: i, r, t, b or n, and digits, a double, or hex of the bytes. */
export type Cell = string;

/** A table, and how its rows are put in order. */
export interface TableShape {
  readonly name: string;
  /** What `SELECT *` gives, quoted. */
  readonly columns: readonly string[];
  /** Name of the rowid where it can be used; null for the primary key of a WITHOUT ROWID table. */
  readonly rowid: string | null;
  readonly order: string;
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const rowsPerPage = 2_000;

/** Tables with rows of their own: no shadow tables, none that SQLite or the platform keeps. */
const tablesSql = `SELECT l.name AS name, l.wr AS wr FROM pragma_table_list l JOIN sqlite_schema s ON s.name = l.name AND s.type = 'table'
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND l.name NOT LIKE '\\_\\_miniflare%' ESCAPE '\\' AND l.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND l.name NOT LIKE '\\_durable\\_export\\_%' ESCAPE '\\' ORDER BY s.rowid`;

/** Reads one of the two databases. */
export type Reader = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/** The object's database. */
export function objectReader(server: Server): Reader {
  return (sql) => query(server, { sql });
}

/** A file's database. */
export function fileReader(database: DatabaseSync): Reader {
  return async (sql) => database.prepare(sql).all();
}

/** The tables of a database, in the order of its schema. */
export async function tablesOf(read: Reader): Promise<readonly TableShape[]> {
  const shapes: TableShape[] = [];
  for (const { name, wr } of await read(tablesSql)) {
    const table = String(name);
    const info = await read(`SELECT name, pk, hidden FROM pragma_table_xinfo(${literal(table)})`);
    const columns = info.filter((column) => column["hidden"] !== 1).map((column) => quoted(String(column["name"])));
    const taken = new Set(info.map((column) => String(column["name"]).toLowerCase()));
    const rowid = wr === 1 ? null : (["rowid", "_rowid_", "oid"].find((candidate) => !taken.has(candidate)) ?? null);
    const primary = info
      .filter((column) => Number(column["pk"]) > 0)
      .toSorted((one, other) => Number(one["pk"]) - Number(other["pk"]));
    const key = primary.map((column) => quoted(String(column["name"])));
    shapes.push({ name: table, columns, rowid, order: rowid ?? (key.join(",") || columns.join(",")) });
  }
  return shapes;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** All rows of a table, some thousand at a time. The rowid, where there is one, is the first cell. */
export async function* rowsOf(read: Reader, table: TableShape): AsyncGenerator<readonly (readonly Cell[])[]> {
  const columns = [...(table.rowid === null ? [] : [table.rowid]), ...table.columns];
  const cells = columns.map((column) => cellSql(column));
  const groups = chunk(cells, 100).map((group) => `concat_ws(',',${group.join(",")})`);
  const row = groups.length === 1 ? groups[0] : `concat_ws(',',${groups.join(",")})`;
  let limit = rowsPerPage;
  let [after, offset] = ["", 0];
  for (;;) {
    const where = after === "" ? "" : `WHERE ${table.rowid} > ${after}`;
    const skip = table.rowid === null ? `OFFSET ${offset}` : "";
    const sql = `SELECT ${row} AS r FROM ${quoted(table.name)} ${where} ORDER BY ${table.order} LIMIT ${limit} ${skip}`;
    const page = (await read(sql)).map((one) => String(one["r"]).split(",").map(sameDouble));
    if (page.length > 0) yield page;
    offset += page.length;
    if (page.length < limit) break;
    if (table.rowid !== null) after = page.at(-1)?.[0]?.slice(1) ?? "";
    const bytes = page.reduce((sum, one) => sum + one.reduce((size, cell) => size + cell.length, 0), 0);
    limit = Math.max(1, Math.min(rowsPerPage * 5, Math.floor((4_000_000 * page.length) / (bytes + 1))));
  }
  // A mistake in the paging above would be made on both sides alike: SQLite's own count is another witness.
  const [count] = await read(`SELECT count(*) AS n FROM ${quoted(table.name)}`);
  if (Number(count?.["n"]) !== offset)
    throw new Error(`Read ${offset} rows of ${table.name}, which has ${String(count?.["n"])}`);
}

function cellSql(column: string): string {
  return `CASE typeof(${column}) WHEN 'integer' THEN 'i'||${column} WHEN 'real' THEN 'r'||quote(${column}) WHEN 'text' THEN 't'||hex(${column}) WHEN 'blob' THEN 'b'||hex(${column}) ELSE 'n' END`;
}

/** Two versions of SQLite may write the last digit of a double differently; it is the double that counts. */
function sameDouble(cell: Cell): Cell {
  return cell.startsWith("r") ? `r${Number(cell.slice(1))}` : cell;
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}
