/** What SQLite says while it reads a table, as an error that names the table: trying again finds the same. */
import { quoteName } from "../../formats/kit/expression.ts";
import { ExportError } from "../errors.ts";

/** These are of the moment, or of the machine, and not of the data: https://sqlite.org/rescode.html */
const passing = /SQLITE_(?:FULL|NOMEM|IOERR|BUSY|LOCKED|INTERRUPT)/;

/** Reads something of a table. Throws `data_unreadable` where SQLite cannot. */
export function reading<T>(table: { readonly name: string }, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof ExportError || passing.test(String(cause)) ? cause : unreadable(table, cause);
  }
}

/** A table that cannot be read, and where that was found, if it was behind a row. */
export function unreadable({ name }: { readonly name: string }, cause: unknown, where = ""): ExportError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ExportError("data_unreadable", `Cannot read table ${quoteName(name)}${where}: ${message}`, {
    cause,
    details: { table: name },
  });
}

/** Reads the schema; where that fails, each table is asked for by itself, so that the error can name one. */
export function readingSchema<T>(sql: SqlStorage, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'";
    for (const table of sql.exec<{ name: string }>(query).toArray())
      for (const pragma of ["table_xinfo", "index_list"])
        reading(table, () => sql.exec(`SELECT 1 FROM pragma_${pragma}(?)`, table.name).toArray());
    throw cause;
  }
}
