/** Tables whose CSV or JSON Lines some reader is known, or likely, to read wrong. */

/** A value of SQLite: NULL, an INTEGER, a REAL, TEXT, a BLOB. */
export type Value = null | bigint | number | string | Uint8Array;

/** A table, and all that stands in it. */
export interface Case {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** Rows of text in one column. */
const single = (name: string, ...texts: readonly Value[]): Case => ({
  name,
  columns: ["a"],
  rows: texts.map((text) => [text]),
});

/** Texts beside a number, so that no row is empty. */
const texts = (name: string, ...list: readonly Value[]): Case => ({
  name,
  columns: ["id", "a", "b"],
  rows: list.map((text, at) => [BigInt(at + 1), text, "x"]),
});

/** A value far behind the rows that a reader looks at to guess the types and signs of a file. */
const late = (name: string, usual: (at: number) => Value, odd: Value): Case => ({
  name,
  columns: ["id", "a"],
  rows: Array.from({ length: 25_000 }, (_, at) => [BigInt(at + 1), at === 22_000 ? odd : usual(at)]),
});

const lateSingle = (name: string, usual: (at: number) => Value, odd: Value): Case => ({
  name,
  columns: ["a"],
  rows: Array.from({ length: 25_000 }, (_, at) => [at === 22_000 ? odd : usual(at)]),
});

const count = (length: number) => Array.from({ length }, (_, at) => at);

export const cases: readonly Case[] = [
  texts("everyday text", "Siobhán O'Brien", "Müller, Jürgen", 'Ann "Annie" Lee', "two\nlines", "田中太郎", "👍🏽"),
  single("one column, a semicolon in row 2", "a", "a;b", "c", "d;e"),
  single("one column, a tab in row 2", "a", "a\tb", "c", "d\te"),
  single("one column, a pipe in row 2", "a", "a|b", "c", "d|e"),
  single("one column, a colon in row 2", "a", "a:b", "c", "d:e"),
  single("one column, semicolons in each row", "a;b", "c;d", "e;f"),
  single("one column, a comma in each row", "a,b", "c,d", "e,f"),
  single("one column of times", "12:30", "13:45", "23:59"),
  texts("semicolons in each row", "a;b;c", "d;e;f", "g;h;i"),
  texts("pipes and tabs in each row", "a|b\tc", "d|e\tf", "g|h\ti"),
  texts("one more comma in each row", "a,b", "c,d", "e,f"),
  single("a row that is \\. alone", "a", "\\.", "b"),
  texts("\\. in a row", "a", "\\.", "b"),
  texts(
    "words that mean NULL to somebody",
    "NULL",
    "\\N",
    "null",
    "NA",
    "N/A",
    "nan",
    "NaN",
    "None",
    "#N/A",
    "nil",
    "-",
    "<NA>",
    "n/a",
    null,
    "",
  ),
  single("one column of words that mean NULL", "x", "NULL", "\\N", "null", "NA", "None", "y"),
  texts(
    "digits that are text",
    "007",
    "+1",
    "0x10",
    "1_000",
    "1e5",
    " 1",
    "1 ",
    "1,5",
    "00000",
    "123456789.123456790123",
  ),
  texts("words that mean true", "true", "false", "TRUE", "t", "yes", "0", "1"),
  texts("dates", "2024-01-01", "2024-12-31", "2024-02-30", "20240101"),
  texts("dates that are all valid", "2024-01-01", "2024-12-31", "2024-02-29"),
  texts("leading zeros in all rows", "007", "008", "0123"),
  texts("phone numbers with a plus", "+4412345678", "+4912345678", "+112345678"),
  texts("text like exponents in all rows", "1e5", "2e10", "3E7"),
  texts("NULL and the empty text", null, "", null, "", "x"),
  single("one column of NULLs and texts", "a", null, "", "b", null),
  single("a NULL first", null, "a", "b"),
  single("a NULL last", "a", "b", null),
  single("nothing but NULLs", null, null, null),
  single("nothing but empty texts", "", "", ""),
  texts("white space", " a", "a ", "  ", "\t", " ", "\ta\t", "\u00a0"),
  texts("line ends", "a\nb", "a\r\nb", "a\rb", "\n", "\r", "\r\n", "\n\n", "a\n", "\na"),
  texts("other line ends", "a\u2028b", "a\u2029b", "a\u0085b", "a\vb", "a\fb", "a\x1eb", "a\x1cb"),
  texts("a byte order mark in text", "\ufeffa", "a\ufeff", "\ufeff"),
  {
    name: "a byte order mark in the first name",
    columns: ["\ufeffa", "b"],
    rows: [
      ["x", "y"],
      ["z", "w"],
    ],
  },
  {
    name: "names that need quotes",
    columns: ["a,b", 'c"d', "e\nf", "g;h", "i\tj", " k "],
    rows: [["1x", "2x", "3x", "4x", "5x", "6x"]],
  },
  {
    name: "names that are numbers",
    columns: ["1", "2", "3"],
    rows: [
      ["x", "y", "z"],
      ["u", "v", "w"],
    ],
  },
  {
    name: "names and values that are numbers",
    columns: ["1", "2"],
    rows: [
      [3n, 4n],
      [5n, 6n],
    ],
  },
  {
    name: "an empty name",
    columns: ["", "b"],
    rows: [
      ["x", "y"],
      ["z", "w"],
    ],
  },
  {
    name: "a name that is ID",
    columns: ["ID", "b"],
    rows: [
      ["x", "y"],
      ["z", "w"],
    ],
  },
  {
    name: "text in all columns, like its header",
    columns: ["name", "city"],
    rows: [
      ["name", "city"],
      ["Ann", "Rome"],
    ],
  },
  texts("NUL in text", "a\0b", "\0", "c"),
  texts("comment signs", "#a", "--a", "//a", "%a", "a#b"),
  single("rows that look like comments", "a", "#b", "#", "c"),
  {
    name: "a name that looks like a comment",
    columns: ["#a", "b"],
    rows: [
      ["x", "y"],
      ["z", "w"],
    ],
  },
  texts("apostrophes", "'a'", "'a,b'", "it's", "'", "''", "'a"),
  single("apostrophes in one column", "'a'", "'b'", "'a,b'"),
  texts("backslashes", "a\\", "\\", 'a\\"b', "\\n", "\\\\", "a\\,b", '\\"'),
  texts("double quotes", '"', '""', '"a"', 'a"b', '","', '"\n"', 'a""'),
  texts("braces and brackets", "{a}", "[1,2]", '{"a":1}', "(x)", "[]"),
  texts("formulas", "=1+1", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://x")'),
  texts("control characters", "\x01", "\x1a", "a\x1bb", "\x7f", "\b"),
  {
    name: "numbers",
    columns: ["i", "r"],
    rows: [
      [1n, 0.1],
      [-1n, 1e300],
      [9007199254740993n, 5e-324],
      [9223372036854775807n, 123456789.12345679],
      [-9223372036854775808n, -0.5],
    ],
  },
  {
    name: "infinities",
    columns: ["id", "r"],
    rows: [
      [1n, 1.5],
      [2n, Infinity],
      [3n, -Infinity],
      [4n, null],
    ],
  },
  {
    name: "BLOBs",
    columns: ["id", "b"],
    rows: [
      [1n, new Uint8Array([0, 255, 10, 34])],
      [2n, new Uint8Array()],
      [3n, null],
      [4n, new Uint8Array([61, 49])],
    ],
  },
  late("a quote behind 22,000 rows", (at) => `plain ${at}`, 'say "no", please'),
  late("an empty text behind 22,000 rows", (at) => `plain ${at}`, ""),
  late("a comma behind 22,000 rows", (at) => `plain ${at}`, "a,b"),
  late("a line feed behind 22,000 rows", (at) => `plain ${at}`, "a\nb"),
  late("a semicolon behind 22,000 rows", (at) => `plain ${at}`, "a;b;c"),
  late("a text behind 22,000 numbers", (at) => BigInt(at), "abc"),
  late("leading zeros behind 22,000 numbers", (at) => BigInt(at), "007"),
  late("a REAL behind 22,000 INTEGERs", (at) => BigInt(at), 1.5),
  late("a large INTEGER behind 22,000 small ones", (at) => BigInt(at), 9223372036854775807n),
  late("a text behind 22,000 NULLs", () => null, "abc"),
  late("leading zeros behind 22,000 texts of digits", (at) => String(100_000 + at), "007"),
  late("NULL behind 22,000 texts", (at) => `plain ${at}`, null),
  lateSingle("one column, a quote behind 22,000 rows", (at) => `plain ${at}`, 'say "no"'),
  lateSingle("one column, an empty text behind 22,000 rows", (at) => `plain ${at}`, ""),
  lateSingle("one column, a comma behind 22,000 rows", (at) => `plain ${at}`, "a,b"),
  lateSingle("one column, a NULL behind 22,000 rows", (at) => `plain ${at}`, null),
  lateSingle("one column, a quote behind 22,000 numbers", (at) => BigInt(at), '"'),
  {
    name: "a text of 1 MB",
    columns: ["id", "a"],
    rows: [
      [1n, "x".repeat(1_000_000)],
      [2n, "y"],
    ],
  },
  {
    name: "a text of 1 MB with quotes and line feeds",
    columns: ["id", "a"],
    rows: [
      [1n, 'x"\n,;'.repeat(200_000)],
      [2n, "y"],
    ],
  },
  {
    name: "200 kB of text in each of 10 rows",
    columns: ["id", "a"],
    rows: count(10).map((at) => [BigInt(at), "long ".repeat(40_000)]),
  },
  {
    name: "100 columns",
    columns: count(100).map((at) => `c${at}`),
    rows: [
      count(100).map((at) => `v${at}`),
      count(100).map((at) => (at % 2 ? null : "")),
      count(100).map((at) => BigInt(at)),
    ],
  },
  { name: "no rows", columns: ["id", "a"], rows: [] },
  { name: "one column, no rows", columns: ["a"], rows: [] },
  { name: "one row of NULLs", columns: ["a", "b"], rows: [[null, null]] },
];
