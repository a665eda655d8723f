/** Random schemas that are full of references, and selections of them. */
import fc from "fast-check";

/** Names of tables; some are also those of columns, of aliases, and of words in texts. */
const names = ["note", "a", "b", 'q"q', "Log", "two words", "é", "set x"] as const;
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const styles = [
  quoted,
  quoted,
  (name: string) => `\`${name.toUpperCase().replaceAll("`", "``")}\``,
  (name: string) => (/^\w+$/.test(name) ? name : `[${name}]`),
  (name: string) => `main.${quoted(name)}`,
];

/** What selects from one table, or from two. Those that only seem to name another one are there, too. */
const selects = [
  "SELECT a, b FROM {1}",
  "SELECT x.a, b.b FROM {1} AS x, {2} AS b",
  "SELECT note.a AS a, 1 AS b FROM {1} note LEFT JOIN {2} y ON y.a = note.a, (SELECT 1) WHERE note.b IN (1, 2)",
  "SELECT a, b FROM {1} WHERE a IN {2}k",
  "SELECT a, (SELECT max(b) FROM {2}) AS b FROM {1} ORDER BY a, b",
  "WITH note AS (SELECT a, b FROM {1}), Log(a, b) AS (SELECT 1, 2) SELECT note.a, log.b FROM note, Log",
  "WITH RECURSIVE a(a, b) AS (SELECT a, b FROM {1} UNION SELECT a + 1, b FROM a WHERE a < 3) SELECT a, b FROM a",
  "SELECT a, b FROM {1} WHERE a IS NOT DISTINCT FROM b AND 'FROM note' <> \"b\" /* FROM note, b */ -- JOIN a\n",
  "SELECT * FROM (SELECT a, b FROM {1} UNION ALL SELECT a, b FROM ({2})) AS log",
  "SELECT x.a, y.b FROM ({1} AS x JOIN {2} AS y USING (a, b))",
  "SELECT a, count(*) OVER w AS b FROM {1} WINDOW w AS (PARTITION BY a, b ORDER BY b)",
  "SELECT a, CASE WHEN EXISTS (WITH b AS (SELECT 1) SELECT * FROM b, {2}) THEN 1 END AS b FROM {1} GROUP BY a, b HAVING a > 1",
  "VALUES ((SELECT a FROM {1}), 2)",
  "SELECT value AS a, key AS b FROM json_each('[1]'), {1}",
] as const;
const writes = [
  "INSERT INTO {t} (a, b) {s}",
  "INSERT OR REPLACE INTO {t} (a) VALUES (new.a)",
  "REPLACE INTO {t} (b, a) SELECT 1, 2 WHERE new.a IS DISTINCT FROM new.b",
  "INSERT INTO {t} (id, b) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET b = 1, a = excluded.a WHERE b = 2",
  "UPDATE {t} SET a = 1 WHERE b IN (SELECT a FROM ({s}))",
  "UPDATE OR IGNORE {t} SET (a, b) = (SELECT 1, 2)",
  "UPDATE {t} SET b = note.a FROM ({s}) AS note WHERE note.a = 1",
  "DELETE FROM {t} WHERE a = 1",
  "SELECT a FROM ({s}) WHERE new.a = 1",
] as const;

const pick = (list: readonly string[]) => fc.nat(1e6).map((at) => list[at % list.length] ?? "");
const style = fc.nat(1e6).map((at) => styles[at % styles.length] ?? quoted);

/** A schema in which views are called v0, v1 …, and triggers g0, g1 …; each view may read those in front of it. */
export const schema = fc
  .record({
    tables: fc.uniqueArray(pick(names), { minLength: 2, maxLength: 6 }),
    keys: fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(),
        pick(["a", "b"]),
        pick(["", "", "ON DELETE CASCADE", "ON UPDATE CASCADE ON DELETE SET NULL"]),
      ),
      { maxLength: 3 },
    ),
    views: fc.array(fc.tuple(pick(selects), fc.nat(), fc.nat(), style), { maxLength: 3 }),
    triggers: fc.array(
      fc.record({
        on: fc.nat(),
        event: pick(["INSERT", "UPDATE", "UPDATE OF a", "UPDATE OF b, id", "DELETE"]),
        when: pick(["", "", "WHEN old.a IS NOT DISTINCT FROM old.b", "WHEN old.a IN {1}k", "WHEN EXISTS ({s})"]),
        write: pick(writes),
        into: fc.nat(),
        select: pick(selects),
        from: fc.tuple(fc.nat(), fc.nat()),
        style,
      }),
      { maxLength: 5 },
    ),
    hasIndex: fc.boolean(),
    selected: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    isNamed: fc.boolean(),
  })
  .map(({ tables, keys, views, triggers, hasIndex, selected, isNamed }) => {
    const at = (list: readonly string[], place: number) => list[place % list.length] ?? "";
    // a table of one column goes with each: `IN name` takes no other
    const made = tables.map((name, own) => {
      const references = keys.flatMap(([child, parent, column, action]) =>
        child % tables.length === own
          ? [`, FOREIGN KEY (${column}) REFERENCES ${quoted(at(tables, parent))} (id) ${action}`]
          : [],
      );
      return `CREATE TABLE ${quoted(name)} (id INTEGER PRIMARY KEY, a, b${references.join("")})`;
    });
    const single = tables.map((name) => `CREATE TABLE ${quoted(`${name}k`)} (a)`);
    const fill = (text: string, sources: readonly string[], one: number, other: number, by: (name: string) => string) =>
      text.replaceAll(/\{([12])\}(k?)/g, (_, which: string, k: string) => {
        const name = at(k === "" ? sources : tables, which === "1" ? one : other);
        return by(name + k);
      });
    const sources = [...tables];
    const viewed = views.map(([select, one, other, by], number) => {
      const text = `CREATE VIEW v${number}(a, b) AS ${fill(select, sources, one, other, by)}`;
      sources.push(`v${number}`);
      return text;
    });
    const fired = triggers.map(({ on, event, when, write, into, select, from: [one, other], style: by }, number) => {
      const row = event === "DELETE" ? "old" : "new";
      const condition = event === "INSERT" ? when.replaceAll("old.", "new.") : when;
      const body =
        `${condition} BEGIN ${write.replace("{t}", quoted(at(tables, into)))}; SELECT RAISE(IGNORE) WHERE 0; END`
          .replaceAll("{s}", select)
          .replaceAll("new.", `${row}.`);
      return `CREATE TRIGGER g${number} AFTER ${event} ON ${quoted(at(tables, on))} FOR EACH ROW ${fill(body, sources, one, other, by)}`;
    });
    const index = hasIndex
      ? [
          `CREATE VIRTUAL TABLE words USING fts5(a, content=${quoted(at(tables, 0))})`,
          "CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row)",
        ]
      : [];
    const all = [
      ...tables,
      ...single.map((_, place) => `${tables[place]}k`),
      ...(hasIndex ? ["words", "vocabulary"] : []),
    ];
    const chosen = all.filter((_, place) => selected[place % selected.length] === true);
    return {
      sql: [...made, ...single, ...viewed, ...fired, ...index],
      options: (chosen.length === 0 ? all.slice(0, 1) : chosen).map(
        (name) => [isNamed ? "table" : "exclude", name] as const,
      ),
    };
  });
