/** Since which release SQLite has what a definition uses: each construct as it was tried with 25 builds (docs/sqlite-versions.md), and what only looks like one. */
import { describe, expect, it } from "vitest";
import type { SchemaObject } from "../../formats/format.ts";
import { newerIn } from "../../formats/sql/definitions/newer-syntax.ts";
import { newerOptions } from "../../formats/kit/virtual-table.ts";

type Type = SchemaObject["type"];

/** The releases that a definition needs besides old ones, by what needs them. */
function found(type: Type, sql: string): readonly string[] {
  const list = /^CREATE VIRTUAL/i.test(sql) ? newerOptions({ kind: "virtual", sql }) : newerIn({ type, sql });
  return list.map(({ what, since }) => `${what} ${since}`);
}

const view = (expression: string): [Type, string] => ["view", `CREATE VIEW v AS SELECT ${expression} AS c FROM t`];
const trigger = (body: string): [Type, string] => [
  "trigger",
  `CREATE TRIGGER g AFTER INSERT ON t BEGIN ${body}; SELECT 1; END`,
];
const table = (columns: string): [Type, string] => ["table", `CREATE TABLE n(${columns})`];
const fts5 = (list: string): [Type, string] => ["table", `CREATE VIRTUAL TABLE f USING fts5(${list})`];
const raised = ["RAISE() of an expression 3.47.0"];
const joined = ["RIGHT or FULL JOIN 3.39.0"];
const ordered = ["ORDER BY in an aggregate 3.44.0"];
const grouped = ["digits in groups, as in 1_000 3.46.0"];

describe("what older releases do not have", () => {
  it.each<[readonly string[], [Type, string]]>([
    [["substring() 3.34.0"], view("substring(a, 1)")],
    [["sqrt() 3.35.0"], view("sqrt(a)")],
    [["log() 3.35.0"], ["trigger", "CREATE TRIGGER g AFTER INSERT ON log WHEN log(new.a) > 1 BEGIN SELECT 1; END"]],
    [["unixepoch() 3.38.0"], table("a, at INTEGER DEFAULT (unixepoch())")],
    [["format() 3.38.0"], view("format('%d', a)")],
    [["unhex() 3.41.0"], view("unhex('41')")],
    [["json_error_position() 3.42.0"], table("a CHECK (json_error_position(a) = 0)")],
    [["octet_length() 3.43.0"], ["index", "CREATE INDEX i ON t(octet_length(a))"]],
    [["octet_length() 3.43.0"], ["index", "CREATE INDEX i ON t(a) WHERE octet_length(a) > 3"]],
    [["timediff() 3.43.0"], view("timediff(a, b)")],
    [["concat_ws() 3.44.0"], table("a, b AS (concat_ws('-', a, 1)) STORED")],
    [["string_agg() 3.44.0"], view("STRING_AGG(a, ',')")],
    [["concat() 3.44.0"], view("a IS b OR a = concat(a, b)")],
    [["IS DISTINCT FROM 3.39.0", "concat() 3.44.0"], view("a IS NOT DISTINCT FROM concat(a, b)")],
    [["jsonb() 3.45.0"], table("a CHECK (a = jsonb(a))")],
    [["jsonb() 3.45.0"], view('"jsonb"(a)')],
    [["jsonb() 3.45.0"], view("[JSONB] /* a call */ (a)")],
    [["jsonb() 3.45.0"], view("`jsonb` -- a call\n (a)")],
    [["jsonb() 3.45.0"], view("CASE WHEN 1 THEN jsonb(a) END")],
    [["jsonb_group_array() 3.45.0"], view("jsonb_group_array(a)")],
    [["json_valid() with flags 3.45.0"], table("a CHECK (json_valid(a, 8))")],
    [["json_valid() with flags 3.45.0"], view("json_valid(coalesce(a, '(', 1), 4 | 8)")],
    [["json_pretty() 3.46.0"], view("json_pretty(a)")],
    [["fts5_get_locale() 3.47.0"], view("fts5_get_locale(f, 0)")],
    [["iif() with 2 arguments 3.48.0"], view("iif(a, 1)")],
    [["iif() with 5 arguments 3.49.0"], view("iif(a, 1, b, 2, 3)")],
    [["if() 3.48.0"], view("if(a, 1, 2)")],
    [["unistr() 3.50.0"], view("unistr('\\u0041')")],
    [["jsonb_each() 3.51.0"], ["view", "CREATE VIEW v AS SELECT value FROM t, jsonb_each(t.b)"]],
    [["jsonb_tree() 3.51.0"], ["view", "CREATE VIEW v AS SELECT value FROM jsonb_tree('[]')"]],
    [["jsonb_array_insert() 3.53.0"], view("jsonb_array_insert('[1]', '$[0]', 2)")],
    [["-> 3.38.0"], view("a -> 'x'")],
    [["->> 3.38.0"], ["index", "CREATE INDEX i ON t(b->>'$.x')"]],
    [["IS DISTINCT FROM 3.39.0"], view("a IS DISTINCT FROM b")],
    [
      ["IS DISTINCT FROM 3.39.0"],
      ["trigger", "CREATE TRIGGER g AFTER UPDATE ON t WHEN old.a IS NOT DISTINCT FROM new.a BEGIN SELECT 1; END"],
    ],
    [joined, ["view", "CREATE VIEW v AS SELECT 1 FROM t x RIGHT JOIN t y ON x.a = y.a"]],
    [joined, ["view", "CREATE VIEW v AS SELECT 1 FROM t AS x NATURAL FULL /* all */ OUTER JOIN t AS y"]],
    [["MATERIALIZED 3.35.0"], ["view", "CREATE VIEW v AS WITH x AS NOT MATERIALIZED (SELECT 1) SELECT * FROM x"]],
    [
      ["ON CONFLICT DO UPDATE without columns 3.35.0"],
      trigger("INSERT INTO u VALUES (1) ON CONFLICT DO UPDATE SET x = 1"),
    ],
    [
      ["several ON CONFLICT 3.35.0"],
      trigger("INSERT INTO u VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 1 ON CONFLICT DO NOTHING"),
    ],
    [ordered, view("group_concat(a, ',' ORDER BY b DESC)")],
    [ordered, view('"group_concat"(DISTINCT a ORDER BY a)')],
    [grouped, view("1_000")],
    [grouped, view("0x1_F")],
    [grouped, view("0.1_5")],
    [grouped, table("a DEFAULT 1_000")],
    [raised, trigger("SELECT RAISE(ABORT, 'no ' || new.a)")],
    [raised, trigger("SELECT RAISE(ABORT, printf('%d', new.a))")],
    [raised, trigger("SELECT RAISE(FAIL, new.a)")],
    [raised, trigger("SELECT RAISE(ROLLBACK, 5)")],
    [["STRICT 3.37.0"], ["table", "CREATE TABLE n(a INT) STRICT"]],
    [["STRICT 3.37.0"], ["table", "CREATE TABLE n(a INT PRIMARY KEY) WITHOUT ROWID, strict"]],
    [["FTS5: trigram 3.34.0"], fts5("x, tokenize = trigram")],
    [["FTS5: trigram 3.34.0"], fts5(`x, tokenize="trigram case_sensitive 1"`)],
    [["FTS5: remove_diacritics of trigram 3.45.0"], fts5("x, tokenize='trigram remove_diacritics 1'")],
    [["FTS5: contentless_delete 3.43.0"], fts5("x, content='', contentless_delete=1")],
    [["FTS5: contentless_delete 3.43.0"], fts5("x, content='', CONTENTLESS_D = 1")],
    [["FTS5: contentless_unindexed 3.47.0"], fts5("x, content='', contentless_unindexed=1")],
    [["FTS5: tokendata 3.45.0"], fts5("x, tokendata=1")],
    [["FTS5: locale 3.47.0"], fts5("x, locale=1")],
  ])("%j: %j", (wanted, [type, sql]) => {
    expect(found(type, sql)).toEqual(wanted);
  });
});

describe("what does not count", () => {
  it.each<[Type, string]>([
    // what every reader has
    view("iif(a, 1, 2)"),
    view("json_valid(a)"),
    view("json_valid(replace(a, ',', ';'))"),
    view("json_extract(b, '$.x')"),
    view("row_number() OVER (ORDER BY a)"),
    view("sum(a) FILTER (WHERE a > 0) OVER (PARTITION BY b ORDER BY a)"),
    view("(SELECT a FROM t ORDER BY a LIMIT 1)"),
    view("coalesce((SELECT a FROM t ORDER BY a), 1)"),
    view("a IN (SELECT a FROM t ORDER BY a)"),
    view("0x1F + 1e10 - -1"),
    view("a - (1 > 0)"),
    ["view", "CREATE VIEW v AS SELECT DISTINCT a FROM t LEFT OUTER JOIN u USING (a)"],
    ["view", "CREATE VIEW v AS SELECT count(*) FROM t WINDOW w AS (ORDER BY a)"],
    trigger("INSERT INTO u VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 1"),
    trigger("INSERT INTO u VALUES (1) ON CONFLICT DO NOTHING"),
    trigger("INSERT INTO u VALUES (1) ON CONFLICT DO NOTHING; INSERT INTO u VALUES (2) ON CONFLICT (id) DO NOTHING"),
    trigger("SELECT RAISE(ABORT, 'no || ')"),
    trigger('SELECT RAISE(ABORT, "as a name")'),
    trigger("SELECT RAISE(IGNORE)"),
    fts5("x, y, content=t, content_rowid='id', prefix='2 3', tokenize='porter unicode61 remove_diacritics 1'"),
    // in strings, names and comments
    view("'jsonb(a) ->> 1_000'"),
    view("'jsonb'"),
    view("a /* jsonb(a) */"),
    view("a -- concat(a, b)\n"),
    view('"a->>b"'),
    view("`1_000`"),
    view("[x RIGHT JOIN y]"),
    view("'it''s unhex(''41'')'"),
    table("a DEFAULT 'STRICT', b CHECK (b <> 'json_valid(b, 8)')"),
    ["table", "CREATE TABLE n(a) /* , STRICT */"],
    // names of tables, columns, types, constraints, aliases
    table("log, format TEXT, concat CHECK (concat > 0), sign REFERENCES log(id)"),
    table("a jsonb(10), b JSONB"),
    table("a, b AS (CAST(a AS jsonb(10)))"),
    table("strict INT, materialized, conflict"),
    ["table", "CREATE TABLE strict(a, CONSTRAINT jsonb UNIQUE (a))"],
    ["table", 'CREATE TABLE "jsonb"(a)'],
    ["table", "CREATE TABLE concat (a, FOREIGN KEY (a) REFERENCES format (a))"],
    ["index", "CREATE INDEX concat ON log(a, sign)"],
    ["index", 'CREATE UNIQUE INDEX i ON "log" (a)'],
    ["view", "CREATE VIEW log(a, b) AS SELECT 1, 2"],
    ["view", "CREATE VIEW v AS WITH concat(a) AS (SELECT 1), sign(b) AS (SELECT 2) SELECT a FROM concat"],
    ["view", "CREATE VIEW v AS SELECT log.sign FROM log JOIN format ON log.a = format.b"],
    ["view", "CREATE VIEW v AS SELECT 1 FROM a AS full JOIN b"],
    ["view", "CREATE VIEW v AS SELECT 1 FROM right JOIN b"],
    ["view", "CREATE VIEW v AS SELECT t1_a, _1_000, a1_000, t.sqrt FROM t1_000"],
    trigger("INSERT INTO log(a, b) VALUES (1, 2)"),
    trigger('INSERT OR REPLACE INTO "log" (a, b) VALUES (1, 2)'),
    trigger("REPLACE INTO main.log(a) VALUES (1)"),
    trigger("UPDATE log SET (sign, pi) = (1, 2) WHERE mod IN (3)"),
    fts5("x, locale, tokendata UNINDEXED, trigram"),
    fts5("x, tokenize='unicode61 tokenchars ''trigram'''"),
    ["table", "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +locale)"],
  ])("%s: %s", (type, sql) => {
    expect(found(type, sql)).toEqual([]);
  });

  it("is told of a definition as long as one may be, for each place", () => {
    const [type, sql] = table(Array.from({ length: 2000 }, (_, at) => `c${at} AS (iif(a, 1))`).join());
    expect(found(type, sql)).toHaveLength(2000);
  });
});
