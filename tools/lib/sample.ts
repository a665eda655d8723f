/** A small shop, made by SQL inside the object: about 100,000 rows, the same every time. */
import type { Statement } from "./database.ts";

/** A small, fast generator of numbers (https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const schema = `
CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT UNIQUE COLLATE NOCASE, phone TEXT, joined TEXT DEFAULT CURRENT_TIMESTAMP, external_id INTEGER);
CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price REAL CHECK (price > 0), stock INTEGER NOT NULL DEFAULT 0, label TEXT GENERATED ALWAYS AS (title || ' #' || id) VIRTUAL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id), placed TEXT NOT NULL, note TEXT);
CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL, product INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, price REAL NOT NULL, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
CREATE TABLE images (product INTEGER NOT NULL REFERENCES products (id), kind TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product INTEGER NOT NULL REFERENCES products (id), stars INTEGER, body TEXT NOT NULL);
CREATE VIRTUAL TABLE reviews_search USING fts5 (body, content = 'reviews', content_rowid = 'id');
CREATE TABLE settings (name, value);
CREATE INDEX orders_by_customer ON orders (customer, placed DESC);
CREATE INDEX good_reviews ON reviews (product) WHERE stars >= 4;
CREATE VIEW turnover AS SELECT product, sum(quantity * price) AS total FROM order_lines GROUP BY product;
`;

const numbers = (count: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO`;

const rows = [
  `${numbers(8_000)} customers (name, email, phone, joined, external_id) SELECT
     CASE i % 5 WHEN 0 THEN 'Siobhán O''Brien ' WHEN 1 THEN 'Müller, Jürgen ' WHEN 2 THEN '田中太郎 ' WHEN 3 THEN 'Ольга ' ELSE 'Ann "Annie" Lee ' END || i,
     'customer' || i || '@example.com', CASE WHEN i % 3 THEN '+44 ' || (7000000 + i * 37) END,
     datetime(1600000000 + i * 4001, 'unixepoch'), 9007199254740993 + i * 7919 FROM n;`,
  `${numbers(600)} products (id, title, price, stock) SELECT i * 3, 'Product ' || i || CASE WHEN i % 7 = 0 THEN ' — ' || char(10) || 'two lines' ELSE '' END, round(1 + (i * 7919 % 10007) / 13.0, 2), i * 31 % 500 FROM n;`,
  `${numbers(20_000)} orders SELECT i, 1 + i * 7919 % 8000, datetime(1650000000 + i * 613, 'unixepoch'), CASE WHEN i % 11 = 0 THEN 'Leave it at the neighbour''s; thanks' END FROM n;`,
  `${numbers(60_000)} order_lines SELECT (i - 1) / 3 + 1, (i - 1) % 3, (1 + i * 104729 % 600) * 3, 1 + i % 5, round(1 + (i * 7907 % 10007) / 17.0, 2) FROM n;`,
  `${numbers(12_000)} reviews SELECT i, (1 + i * 65537 % 600) * 3, CASE WHEN i % 13 THEN 1 + i % 5 END,
     CASE i % 8 WHEN 0 THEN 'Exactly what I wanted, works well' WHEN 1 THEN 'Πολύ καλό προϊόν, το συνιστώ' WHEN 2 THEN 'Отличное качество, спасибо' WHEN 3 THEN 'منتج رائع جدا'
       WHEN 4 THEN 'מוצר מצוין, תודה' WHEN 5 THEN 'बहुत अच्छा उत्पाद' WHEN 6 THEN '非常好的产品，推荐' ELSE 'とても良い 😀👍🏽' END || ' (' || i || ')' FROM n;`,
  `INSERT INTO reviews_search (reviews_search) VALUES ('rebuild');`,
  `INSERT INTO settings VALUES ('one', 1), ('one point zero', 1.0), ('largest', 9223372036854775807), ('smallest', -9223372036854775808), ('third', 1 / 3.0), ('nothing', NULL), ('empty', ''), ('no bytes', x''), ('text with a NUL', 'a' || char(0) || 'b'), ('line ends', 'a' || char(13) || char(10) || 'b');`,
];

/** Would fire again on a restore, if it came before the rows. */
const trigger = `CREATE TRIGGER keep_stock AFTER INSERT ON order_lines BEGIN UPDATE products SET stock = stock - CASE WHEN NEW.quantity > 0 THEN NEW.quantity ELSE 0 END WHERE id = NEW.product; END;`;

/** The statements that fill an empty database. */
export function* sample(): Generator<Statement> {
  yield { sql: schema };
  for (const sql of rows) yield { sql };
  const random = mulberry32(20240101);
  for (let image = 1; image <= 300; image++) {
    const bytes = Uint8Array.from({ length: 2_000 + Math.floor(random() * 18_000) }, () => Math.floor(random() * 256));
    yield { sql: "INSERT INTO images VALUES (?, 'image/webp', ?)", params: [image * 6, bytes] };
  }
  yield { sql: trigger };
}
