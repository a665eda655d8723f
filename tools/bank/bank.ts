/** A bank: accounts with a fixed total, what was moved between them, and customers who never stop. */
import { DatabaseSync } from "node:sqlite";

const accounts = 12_000;

/** Statements that make a bank; the same seed gives the same one. */
export function bank(seed: number): readonly string[] {
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${accounts})`;
  return [
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE, balance INTEGER NOT NULL, note TEXT)",
    "CREATE TABLE history (payer INTEGER, payee INTEGER, amount INTEGER, note TEXT)",
    "CREATE TABLE tags (owner TEXT, tag TEXT, weight REAL, PRIMARY KEY (owner, tag)) WITHOUT ROWID",
    `INSERT INTO accounts ${numbers} SELECT i, 'owner ' || i, 1000, printf('%0400d', i * ${seed}) FROM n`,
    `INSERT INTO history ${numbers} SELECT i, i + 1, i % 100, printf('%0300d', i + ${seed}) FROM n`,
    `INSERT INTO tags ${numbers} SELECT 'owner ' || (i / 3), 'tag ' || i, i / 4.0 FROM n`,
  ];
}

/** What one table holds, row by row, as the file of a format would have it. */
export function linesOf(database: DatabaseSync, table: string, format: "csv" | "jsonl"): readonly string[] {
  const order = table === "tags" ? "owner, tag" : "rowid";
  const rows = database.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).all();
  const real = (name: string, value: unknown) =>
    name === "weight" && Number.isInteger(value)
      ? `${String(value)}.0`
      : typeof value === "string"
        ? JSON.stringify(value)
        : String(value);
  const lines = rows.map((row) => {
    const cells = Object.entries(row).map(([name, value]) => ({ name, text: real(name, value) }));
    return format === "csv"
      ? cells.map(({ text }) => text).join(",")
      : `{${cells.map(({ name, text }) => `"${name}":${text}`).join(",")}}`;
  });
  return format === "csv"
    ? [
        Object.keys(rows[0] ?? {})
          .map((name) => `"${name}"`)
          .join(","),
        ...lines,
      ]
    : lines;
}

/** The bank as it was made, kept by another SQLite. */
export function keptAside(seed: number): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  for (const statement of bank(seed)) database.exec(statement);
  return database;
}

/** What a customer does next; every one of them leaves the total as it is. */
export function transaction(random: () => number): string {
  const any = (most: number) => 1 + Math.floor(random() * most);
  const [from, to, amount] = [any(accounts), any(accounts), any(50)];
  const kinds = [
    `UPDATE accounts SET balance = balance - ${amount} WHERE id = ${from} AND EXISTS (SELECT 1 FROM accounts WHERE id = ${to}); UPDATE accounts SET balance = balance + ${amount} WHERE id = ${to} AND changes() = 1; INSERT INTO history VALUES (${from}, ${to}, ${amount}, 'moved')`,
    `INSERT INTO accounts (owner, balance, note) VALUES ('new ' || hex(randomblob(8)), 0, 'opened')`,
    `UPDATE accounts SET balance = balance + (SELECT balance FROM accounts WHERE id = ${from}) WHERE id = ${to} AND EXISTS (SELECT 1 FROM accounts WHERE id = ${from}) AND ${from} <> ${to}; DELETE FROM accounts WHERE id = ${from} AND changes() = 1`,
    `INSERT OR REPLACE INTO accounts SELECT id, owner, balance, 'replaced' FROM accounts WHERE id = ${from}`,
    `INSERT OR REPLACE INTO accounts SELECT id + 100000, owner, balance, 'moved by its owner' FROM accounts WHERE id = ${from}`,
    `INSERT INTO accounts SELECT id, owner, balance, note FROM accounts WHERE id = ${from} ON CONFLICT DO UPDATE SET note = 'upserted'`,
    `UPDATE accounts SET id = -id WHERE id = ${from}`,
    `UPDATE OR REPLACE tags SET tag = 'tag ' || ${to} WHERE owner = 'owner ' || ${any(accounts / 3)}`,
    `DELETE FROM history WHERE rowid BETWEEN ${from} AND ${from + any(20)}`,
    `UPDATE history SET rowid = rowid + 1000000 WHERE rowid = ${from}`,
    `DELETE FROM tags WHERE owner = 'owner ' || ${any(accounts / 3)}; INSERT OR IGNORE INTO tags VALUES ('owner ' || ${any(accounts / 3)}, 'late', ${amount})`,
  ];
  return kinds[Math.floor(random() * kinds.length)] ?? "SELECT 1";
}
