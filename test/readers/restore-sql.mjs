// Runs dumps by a driver, plainly or as docs say: paths of a dump and of the database to make, as JSON, a line each.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const drivers = {
  async "node:sqlite"(sql, path, isPlain) {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path, isPlain ? {} : { defensive: false });
    database.exec(sql);
    database.close();
  },
  async "better-sqlite3"(sql, path, isPlain) {
    const { default: Database } = await import("better-sqlite3");
    const database = new Database(path);
    if (!isPlain) database.unsafeMode();
    database.exec(sql);
    database.close();
  },
  async "sql.js"(sql, path) {
    const { default: initSqlJs } = await import("sql.js");
    const database = new (await initSqlJs()).Database();
    database.exec(sql);
    writeFileSync(path, database.export());
    database.close();
  },
  async libSQL(sql, path) {
    const { createClient } = await import("@libsql/client");
    const client = createClient({ url: `file:${path}` });
    await client.executeMultiple(sql);
    client.close();
  },
};

const [, , name, way] = process.argv;
for await (const line of createInterface({ input: process.stdin })) {
  const [dump, database] = JSON.parse(line);
  try {
    await drivers[name](readFileSync(dump, "utf8"), database, way === "plain");
    console.log(JSON.stringify({}));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
