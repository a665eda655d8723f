/** The schema that is exported, as a format sees it. */

/** A column as a format sees it. `sql` is the qualified name that reads it inside the page's query. */
export interface Column {
  readonly name: string;
  readonly sql: string;
  /** SQLite's column affinity; `BLOB` for a column declared without a type. */
  readonly affinity: "INTEGER" | "REAL" | "NUMERIC" | "TEXT" | "BLOB";
  /** The storage classes that a STRICT table, or the rowid, allows here besides NULL; absent where any may be stored. */
  readonly storageClass?: "INTEGER" | "REAL" | "TEXT" | "BLOB";
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

/** A foreign key of a table, as `PRAGMA foreign_key_list` has it. */
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
export interface UnselectedObject {
  readonly type: "table" | "view";
  readonly name: string;
  /** The name by which it is selected: its own, or its owner's; null for what no selection takes along. */
  readonly selectedBy: string | null;
}

/** The least SQLite that definitions are known to need, and the first of them that does, and for what. */
export interface SqliteRequirement {
  /** As `3.45.0`. */
  readonly version: string;
  readonly requiredBy: string;
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
  readonly requiredSqlite?: SqliteRequirement;
  /** What of this name (ASCII case folded) is in the database, and not selected; null where there is none, or it is in the export. */
  unselected(name: string): UnselectedObject | null;
  /** True where everything is selected; and where tables were named, so that no view comes along. */
  readonly selectsEverything: boolean;
  readonly selectsByName: boolean;
}
