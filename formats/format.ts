/**
 * What a format is. A format is a value (`export const csv = {…} satisfies TableFormat`); this file is all it may know.
 *
 * Rows are rendered twice over: by SQLite, as one SQL expression for each row (fast), or here in JavaScript from cells
 * (the slow path: exact for every value, and the only way a format must have). Both give the same bytes for the same row.
 */

/** TEXT whose bytes are not valid UTF-8, as they are stored; SQLite lets any bytes be TEXT. */
export interface InvalidText {
  readonly invalidUtf8: Uint8Array;
}

/**
 * REAL, and its text as SQLite writes it: exact to read back, with `.` or `e`; `9.0e+999` for infinity. Its 17th digit may
 * differ from what JavaScript would write, so a format that has a fast path uses the text.
 */
export interface Real {
  readonly real: number;
  readonly text: string;
}

/** One value: NULL, INTEGER (bigint), REAL, TEXT (string, or `InvalidText`), BLOB (bytes). */
export type Cell = null | bigint | Real | string | InvalidText | Uint8Array;

/** A column as a format sees it. `sql` is the qualified name that reads it inside the page's query. */
export interface Column {
  readonly name: string;
  readonly sql: string;
  /** SQLite's column affinity; `BLOB` for a column declared without a type. */
  readonly affinity: "INTEGER" | "REAL" | "NUMERIC" | "TEXT" | "BLOB";
  /** The storage classes that a STRICT table, or the rowid, allows here besides NULL; absent where any may be stored. */
  readonly storageClass?: "INTEGER" | "REAL" | "TEXT" | "BLOB";
}

/** Text, or bytes that are in UTF-8, or as they must be. */
export type Encoded = string | Uint8Array;

/** Pieces one behind the other. A generator makes those of a large value as they are asked for. */
export type Pieces = Encoded | Iterable<Pieces>;

/** Renders the rows of one table with one list of columns. */
export interface RowEncoder {
  /** Bytes in front of, between and behind the rows of one page. */
  readonly open: string;
  readonly separator: string;
  readonly close: string;
  /** The fast path; absent where a format, or a table in it, has none. */
  readonly fast?: FastRows;
  /** The slow path: one row from its cells, in the order of the columns, whole or in pieces. Any value must come out right, or throw. */
  encode(cells: readonly Cell[]): Pieces;
  /** Where a page may not be of any size: the most bytes it may have, `open` and `close` included. */
  readonly limit?: {
    readonly bytes: number;
    /** A row that is beyond it alone, in another way, complete with what stands in front of and behind it. */
    encodeOversized(cells: readonly Cell[]): Pieces;
  };
  /**
   * How many values of a row a reader must be warned of, as they come out changed or break a rule of the format, and what one line of
   * warning says of them. Only rows that take the slow path are counted. Absent where there are none.
   */
  readonly lossy?: { readonly what: string; count(cells: readonly Cell[]): number };
}

export interface FastRows {
  /** SQL expression over the columns' `sql` that yields one row as TEXT: encoded, or in a form that `finish` encodes. */
  readonly row: string;
  /** SQL expression, true (not 0, not NULL) for a row that `row` would not render right; `row` is then not evaluated. */
  readonly fallbackWhen?: string;
  /** Between two rows of a page as SQLite renders it. */
  readonly separator: string;
  /**
   * Where `row` is a JSON array or object: the SQL expressions of its values, in order; a BLOB is an array of its hex digits. A key is then
   * read from the last row of a page, instead of being rendered for each. `separator` must be a line feed.
   */
  readonly values?: readonly string[];
  /**
   * Makes of a page as SQLite rendered it what stands between `open` and `close`, in its own bytes if it likes; null if any row may
   * need the slow path. Absent where it is that already.
   */
  transformPage?(page: Uint8Array): Uint8Array | null;
}

/** A table, index, view or trigger as `sqlite_schema` has it. */
export interface SchemaObject {
  readonly type: "table" | "index" | "view" | "trigger";
  readonly name: string;
  /** The table it belongs to; its own name for a table or view. */
  readonly table: string;
  /** The stored text of its CREATE statement; null for an index that a constraint made. */
  readonly sql: string | null;
}

/** A table that holds rows of its own. */
export interface Table extends SchemaObject {
  readonly type: "table";
  readonly kind: "table" | "virtual" | "shadow";
  readonly withoutRowid: boolean;
  readonly strict: boolean;
  /** `sqlite_sequence` counts its keys. */
  readonly autoincrement: boolean;
  /** Columns that INSERT takes: no generated ones, no hidden ones. */
  readonly insertableColumns: readonly Column[];
  /** Columns that `SELECT *` gives: generated ones too. */
  readonly columns: readonly Column[];
  /** The rowid as a pseudo-column (its name needs no quotes), where it has a meaning of its own: no INTEGER PRIMARY KEY stands for it. */
  readonly rowid: Column | null;
  /** For a shadow table, the virtual table that owns it. */
  readonly owner: string | null;
  /** SQL condition on the rows to export; absent for all. */
  readonly where?: string;
  /** Names of the columns of its primary key. */
  readonly primaryKey: readonly string[];
  /** Its foreign keys, in the order of SQLite. */
  readonly foreignKeys: readonly ForeignKey[];
}

export interface ForeignKey {
  /** The table that is referred to, as the definition calls it. */
  readonly parent: string;
  readonly columns: readonly string[];
  /** The parent's columns; none for its primary key. */
  readonly parentColumns: readonly string[];
  /** What becomes of the row when the one that it refers to goes, or gets another key. */
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** A table or a view that the database has, and an export has not. */
export interface Absent {
  readonly type: "table" | "view";
  readonly name: string;
  /** The name by which it is selected: its own, or its owner's; null for what no selection takes along. */
  readonly selectedBy: string | null;
}

/** The least SQLite that definitions are known to need, and the first of them that does, and for what. */
export interface Needed {
  /** As `3.45.0`. */
  readonly version: string;
  readonly by: string;
}

/** What is to be exported, in the order of `sqlite_schema`, already filtered by the options. */
export interface Schema {
  readonly tables: readonly Table[];
  readonly indexes: readonly SchemaObject[];
  readonly views: readonly SchemaObject[];
  readonly triggers: readonly SchemaObject[];
  /** `sqlite_sequence`, `sqlite_stat1`, where they are there and not empty. */
  readonly internal: readonly Table[];
  /**
   * For an FTS5 table with external content: whether its index is what that content would give now. `unreadable` where that has no such
   * columns, so that it gives nothing; `unknown` where the index is too large to be compared. Reads the index and the content, so only a format that needs it asks.
   */
  indexState(table: Table): "as its content" | "otherwise" | "unreadable" | "unknown";
  /** One line for each thing that is left out or changed. */
  readonly warnings: readonly string[];
  /** What `needs` of the format gave, when `segments` is called; absent where it has none, or nothing is known to be needed. */
  readonly needed?: Needed;
  /** What of this name (ASCII case folded) is in the database, and not selected; null where there is none, or it is in the export. */
  absent(name: string): Absent | null;
  /** True where everything is selected; and where tables were named, so that no view comes along. */
  readonly isWhole: boolean;
  readonly isNamed: boolean;
}

/** Counts known once everything in front of a piece of text has been written. */
export interface Totals {
  /** Rows of the tables that a user made; not what SQLite and its virtual tables keep for themselves. */
  readonly rows: number;
  /** All rows in front of the text. */
  readonly written: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** One line for each table with values that the format noted. */
  readonly warnings: readonly string[];
}

/** One stretch of a file: text, or the rows of a table. */
export type Segment =
  | { readonly kind: "text"; readonly text: string | ((totals: Totals) => string) }
  | {
      readonly kind: "rows";
      readonly table: Table;
      /** Rows with implied rowids, or for all formats that do not keep them. Made when it is asked for: with thousands of tables, all that memory would hold. */
      readonly rows: () => RowEncoder;
      readonly columns: readonly Column[];
      /** Where rowids are kept: used for a page whose rowids do not go on by one from the page before. */
      readonly sparse?: { readonly rows: () => RowEncoder; readonly columns: readonly Column[] };
    };

/** Which half of a dump is wanted. */
export type Content = "all" | "schema" | "data";

/** An option that takes one of some words. */
export interface ChoiceOption {
  /** What it is for, in one or two sentences: docs/options.md is made of them. */
  readonly doc: string;
  /** Each word that it takes, and what that means. */
  readonly values: Readonly<Record<string, string>>;
  /** The word that holds where nothing is said. */
  readonly default: string;
}

/** An option that takes a text of the caller's own. */
export interface FreeTextOption {
  /** What it is for, in one or two sentences: docs/options.md is made of them. */
  readonly doc: string;
  /** What it may be, in words: for the page, and for the refusal of anything else. */
  readonly allowed: string;
  readonly default: string;
  /** A value for the page. */
  readonly example: string;
  isAllowed(text: string): boolean;
}

/** One of a format's own options. */
export type FormatOptionSpec = ChoiceOption | FreeTextOption;

/** A format's own options, each a query parameter of that name. */
export type FormatOptionSpecs = Readonly<Record<string, FormatOptionSpec>>;

/** The value of each of a format's own options, by its name. */
export type FormatOptions = Readonly<Record<string, string>>;

interface FormatBase {
  /** The value of `format=`; lower-case letters and digits. */
  readonly name: string;
  /** To be changed whenever the same rows come out as other bytes: a job that is under way then begins again, instead of mixing both. 1. */
  readonly version?: number;
  /** The format's own options; absent where there is nothing to choose. */
  readonly options?: FormatOptionSpecs;
  /** The file's ending, with its dot. */
  readonly extension: string;
  readonly mediaType: string;
}

/** One stream holds the whole database. */
export interface DatabaseFormat extends FormatBase {
  readonly scope: "database";
  /**
   * One line for each thing that the format leaves out or changes; `schema.warnings` holds them when `segments` is called. Null where others may
   * come in between: what takes more than some milliseconds with thousands of tables gives one now and then.
   */
  warnings?(schema: Schema, options: FormatOptions, content: Content): Iterable<string | null>;
  /** Which SQLite its definitions need; null where that is none that is new. It yields where others may come in between, as `warnings` does. */
  needs?(schema: Schema, content: Content): Generator<void, Needed | null, void>;
  segments(schema: Schema, content: Content, options: FormatOptions): Iterable<Segment>;
}

/** One stream holds one table; several tables make an archive with an entry each. */
export interface TableFormat extends FormatBase {
  readonly scope: "table";
  /** One line for each thing of a table that the format leaves out. */
  warnings?(table: Table, options: FormatOptions): readonly string[];
  segments(table: Table, options: FormatOptions): Iterable<Segment>;
}

export type Format = DatabaseFormat | TableFormat;
