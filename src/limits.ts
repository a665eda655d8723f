/** Every number that the engine leans on, with its unit and where it comes from. */

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/**
 * What a page holds: bytes as rendered, large enough to batch, small enough to render in 1 to 3 ms (docs/decisions.md), and rows, so
 * that a page of tiny ones still renders in less than 10 ms.
 */
export const usualPage = { bytes: 256 * KiB, rows: 8192 };

/** Where a format limits a page, how much of that it aims at: rows differ in size, and one beyond it is read again. */
export const limitAim = 0.75;

/** Rows of the first page of a table, before anything is known of their size, or of the values they hold. */
export const firstPageRows = 16;

/** Bytes of a rendered row from which on the slow path takes no more time than the fast one. */
export const largeRow = 16 * KiB;

/** A page may hold at most this many times the rows of the page before: rows get larger without notice, and what is too much is read in vain. */
export const pageGrowth = { first: 8, until: 128, later: 2 };

/**
 * Rows of a page of the slow path at most.
 */
export const slowPageRows = 16;

/** Bytes of values that a slow page of several rows may have; a row of more than its share stands alone. */
export const slowPageBytes = 1 * MiB;

/** How many times the bytes of a page its rows may have all together, where they are suddenly larger than those before; larger ones are read alone. */
export const pageBytesGrowth = 8;

/** So few rows of a page are read alone, of so many bytes: each takes a statement of its own, some 0.04 ms. */
export const mostOddRows = 32;
export const mostOddBytes = 1 * MiB;

/** Bytes of a row's values from which on it is written piece by piece. */
export const largeRowBytes = 256 * KiB;

/** Rows of the first slow page after the fast path refused one, when nothing is known of what they hold. */
export const slowFirstRows = 2;

/** Characters of a list of names that is bound as one parameter, which may have 2 MB in production, and up to three bytes a character. */
export const boundNamesLength = 256 * KiB;

/** How many names a message lists at most: what it says must not grow with the number of tables. */
export const namesShown = 20;
/** And how many characters of each. */
export const nameShown = 200;

/** Bound parameters at most (workerd util/sqlite.c++:1387). */
export const maxParameters = 100;

/** After a page that needed the slow path, at most so many times its rows go straight to the slow path: 1.02 reads a row. */
export const slowBackoffMax = 64;

/** Bytes of SQL that a page's query may have, its parameters not counted: workerd refuses 100,000 (util/sqlite.c++:1375). */
export const statementBytes = 99_000;

/** Tables that can have no triggers (virtual ones and what they keep) are copied for a snapshot up to so many bytes, in one turn. */
export const copiedBytes = 4 * MiB;
/** And up to so many rows. */
export const copiedRows = 65_536;

/** What an R-Tree keeps is read to see whether it was changed, up to so many bytes: 7 MiB in nodes take some 80 ms. */
export const digestedBytes = 32 * MiB;
/** And up to so many rows. */
export const digestedRows = 1_000_000;

/** The index of an FTS5 table is compared with its content up to so many bytes: 185 ms for 2.3 MiB of index over 8.4 MiB of text. */
export const comparedIndexBytes = 4 * MiB;
/** And up to so many blocks of it (4,050 bytes each, if FTS5's `pgsz` was not changed). */
export const comparedIndexBlocks = 4096;

/** A table of no more bytes and rows is read when a snapshot begins: up to 1 ms, where triggers for it take 1 to 10 (docs/decisions.md). */
export const smallBytes = 32 * KiB;
export const smallRows = 512;

/** Bytes that all of these may come out as: they are kept in the database until the export gets there. */
export const firstReadBytes = 256 * MiB;

/** What of it stands in one row, in bytes, below the 2 MB that a value may have, and in tables. */
export const firstChunkBytes = 512 * KiB;
export const firstChunkTables = 1000;

/** Lines of `sqlite_schema` up to which a download is planned when it is asked for: some 20 ms. */
export const plannedAtOnce = 500;

/** Lines of `sqlite_schema` that are read in one turn, tables that are described, and parts of a file that are laid out: some 10 ms. */
export const linesPerTurn = 1000;
export const describedPerTurn = 100;
export const partsPerTurn = 200;

/** Tables that are looked at, or read, in one turn: about 10 ms. */
export const tablesPerTurn = 40;
/** Parts of a file, which are small, that are made of what was read before between two yields: about 5 ms. */
export const madePerTurn = 400;
/** Tables that triggers are made for in one turn. */
export const logsPerTurn = 4;
/** How often small tables are read again because the host has written meanwhile; after that they are read in one turn. */
export const firstTries = 3;

/** A download of so many parts (some 125 tables) is held still before anything is read: the tables of its first chunk would take some 50 ms. */
export const longFileParts = 500;

/** Triggers and tables that are dropped in one turn at most: some 10 ms. */
export const droppedPerTurn = 48;
/** Lines of `sqlite_schema` that SQLite goes through for that, as it does for each of them: some 25 ms. */
export const droppedLines = 20_000;

/** What a snapshot has left because the host was reading is taken away later. */
export const dropAgainMs = 60_000;

/** A snapshot may keep so many bytes of rows that were changed under it; more for a large database. */
export const undoBytes = 256 * MiB;

/**
 * Kept rows that are shown for one page, in bytes (`undo-shown.ts`): a page has 256 KiB, but its rows may be larger than those before. A page
 * that would need more is cut there, so only then it matters for what a deflate block holds which rows were changed by when.
 */
export const shownBytes = 8 * MiB;

/** How often it is looked at what a snapshot keeps while nobody reads, and no slice runs, in milliseconds. */
export const limitCheckMs = 1000;
/** After so many changed rows what is kept is counted again. */
export const countedChanges = 1000;

/** Columns of a result set, and of a table, at most (workerd util/sqlite.c++:1376). */
export const maxColumns = 100;

/** Values in one result set, of 100 columns at most (workerd util/sqlite.c++:1376): one is needed for the storage classes, one is spare. */
export const cellsPerQuery = 98;

/** Bytes after which one step of the pipeline is handed on: small pages are gathered, a large one goes alone. */
export const stepBytes = 64 * KiB;

/** Bytes that are packed together at least, if there are as many: a deflate block. */
export const packedPiece = 256 * KiB;

/** Bytes rendered between two yields to the host: about 4 ms of plain rendering. */
export const yieldBytes = 512 * KiB;

/** As `yieldBytes`, where each byte is packed too: 256 KiB are about 4 ms of deflate at level 6. */
export const yieldBytesPacked = 256 * KiB;

/** Bytes that are digested between two yields: 3 ms for SHA-256 and MD5. */
export const digestBytes = 1 * MiB;

/** Characters of a layout's text that are made and digested between two yields: some milliseconds. */
export const layoutDigestLength = 128 * KiB;

/**
 * Bytes of a part: as few as R2 takes, as two of them are in memory, and all but the last equal
 * (https://developers.cloudflare.com/r2/objects/multipart-objects/).
 */
export const partBytes = 5 * MiB;

/** Parts of an R2 object at most: https://developers.cloudflare.com/r2/platform/limits/ */
export const maxParts = 10_000;

/** Bytes of a part at most: an isolate has 128 MB, and while one is sent no other is made (`overlapBytes`). 10,000 of them are 625 GiB. */
export const largestPartBytes = 64 * MiB;

/** Bytes of a part up to which the next one is made while it is sent; two of larger ones would be too much memory (docs/decisions.md). */
export const overlapBytes = 6 * MiB;

/** How much larger than its database a file can be: two hex digits a byte, and column names in every row. */
export const renderedPerStored = 8;

/** A slice ends at the first part after this much work, well under the 30 s of CPU that are an alarm's default. */
export const sliceMs = 5_000;

/** As `sliceMs`, in bytes rendered: the clock of a Worker stands still while it computes, so time alone is no bound. */
export const sliceBytes = 128 * MiB;

/** The alarm armed before a slice works fires after this long if the slice never comes back. */
export const watchdogMs = 15_000;

/** Work that is due for so long, and for which no alarm has come, in milliseconds, is done without one, as long as the object lives. */
export const alarmLateMs = 1_000;

/**
 * How often the alarm is looked after while it cannot be set, in milliseconds: a host's alarm handler runs. A host's alarm that is so near needs no other
 * one in front of it.
 */
export const alarmPollMs = 250;

/** A dump whose time is over within so long, in milliseconds, is waited for; for any other nobody is kept awake. */
export const expirySoonMs = 10_000;

/** A time that a host's schedule was asked for, and that has passed for so long, in milliseconds, will not come: it is asked for again. */
export const scheduleLateMs = 5_000;

/** A schedule of whole seconds may be early by so much, in milliseconds. */
export const scheduleEarlyMs = 1_000;

/** Tries without progress before a job fails for good; with `backoffMs` that is about half an hour. */
export const maxAttempts = 12;

/** Slices that may end without progress and without an error, as they do when the object is reset; a watchdog takes 15 s for each. */
export const maxResets = 100;

/** A job fails when its slices have made no progress for so long, in milliseconds. */
export const stalledMs = 24 * 60 * 60_000;

/** A job waits for no more than this, in milliseconds. */
export const maxWaitMs = 300_000;

/** Tries to clear away what a job has in R2 whose row is gone, as nothing would try it again; with `backoffMs` a minute. */
export const eraseTries = 6;

/** Wait before try n (from 1): 2 s doubled each time, 5 min at most. */
export function backoffMs(attempt: number): number {
  return Math.min(2_000 * 2 ** (attempt - 1), maxWaitMs);
}

/** One call to R2 may take so long, in milliseconds; a part of 5 MiB takes well under a second (docs/decisions.md). */
export const sinkDeadlineMs = 60_000;

/** How often a job may begin again because R2 no longer has its parts; after that something is wrong for good. */
export const maxRestarts = 3;

/** Remainders are kept in rows of this size, below the 2 MB a value may have. */
export const remainderRowBytes = 1 * MiB;

/** Characters of a job's text that stand in its own row, of which a list reads many: some hundred tables. */
export const longestInline = 32 * KiB;
/** Characters of one piece of a longer text: at three bytes each they are below the 2 MB that a value may have. */
export const pieceLength = 512 * KiB;

/** Jobs in one page of the list: where nothing is said, and at most. */
export const listedJobs = 100;
export const maxListedJobs = 1000;

/** A finished dump is kept so long, in milliseconds: a week, as R2 keeps an upload that is never completed. */
export const retentionMs = 7 * 24 * 60 * 60 * 1000;

/** The last moment that a Date can hold, Unix milliseconds (ECMA-262, section 21.4.1.1): never. */
export const neverMs = 8.64e15;

/** Databases beyond this are not dumped whole by a direct download: it would die of the CPU limit midway. */
export const maxDirectBytes = 1 * GiB;

/** Jobs that may wait or run at once: they go one after the other, and each keeps a row. */
export const maxOpenJobs = 100;

/** Direct downloads at once: each holds a page or two, and takes turns with the host's own requests. */
export const maxDownloads = 4;

/** A download that nobody has read from for so long, in milliseconds, no longer counts. */
export const downloadIdleMs = 5 * 60_000;

/** A download that takes several turns, and that nobody has read from for so long, in milliseconds, loses its snapshot, and is cut. */
export const downloadAbandonedMs = 30 * 60_000;

/** A receiver of a callback must answer within so long, in milliseconds. */
export const callbackDeadlineMs = 10_000;

/**
 * Waits between the calls of a callback, in milliseconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h; more than a day altogether.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const callbackWaitsMs = [5, 300, 1800, 7200, 18_000, 36_000, 36_000].map((seconds) => seconds * 1000);

/** Foreign keys are looked at before a commit of `POST /query` in databases of so many bytes at most: about half a second. */
export const checkedForeignKeysBytes = 64 * MiB;

/** A link to a finished dump lets it be fetched without the token for so long, in seconds. */
export const linkSeconds = 3600;

/**
 * Changes whenever the same database comes out as other bytes: text of a format, sizes of pages and of blocks. A job that was begun with
 * another one begins again (docs/decisions.md); `test/file/rendering-version.test.ts` tells when it is due.
 */
export const renderingVersion = 2;

/** Deflate level of gzip and zip: 65 MB/s and a ratio of 3.5 on INSERT text (level 1: 158 MB/s, 3.2). */
export const deflateLevel = 6;

/** zstd level: zstd's own default (ZSTD_CLEVEL_DEFAULT); measured in docs/decisions.md. */
export const usualZstdLevel = 3;
