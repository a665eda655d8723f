/** Exports a bank while its customers go on and workerd is killed, and compares the file with the bank at the start. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { writeConfig } from "../lib/config.ts";
import { fetchWithRetry } from "../lib/fetch-with-retry.ts";
import { generator } from "../lib/random.ts";
import { startServer, type Server } from "../lib/server.ts";
import { zipEntries } from "../lib/unzip.ts";
import { bank, keptAside, linesOf, transaction } from "./bank.ts";

/** What came of one run. */
export interface BankRun {
  /** Rows that are not as they were, or that are too many or too few; 0 for a snapshot. */
  readonly different: number;
  readonly consistency: string;
  /** Transactions that customers were told are done while the export ran, and kills. */
  readonly transactions: number;
  readonly kills: number;
  readonly slices: number;
  readonly seconds: number;
  /** `_durable_export_` triggers and tables of the log that were left. */
  readonly left: number;
}

const customers = 8;

/** A Worker whose objects are banks. */
export class Bank {
  readonly #server: Server;
  readonly #folder: string;

  static async open(): Promise<Bank> {
    const folder = mkdtempSync(join(tmpdir(), "durable-export-bank-"));
    const config = writeConfig(folder, join(import.meta.dirname, "worker.ts"), {});
    return new Bank(await startServer({ config, persistTo: join(folder, "state") }), folder);
  }

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  async close(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async run(
    seed: number,
    format: "sql" | "csv" | "jsonl",
    consistency: "snapshot" | "fuzzy",
    kills: number,
  ): Promise<BankRun> {
    const random = generator(seed);
    const name = `${format}-${consistency}-${seed}`;
    for (const sql of bank(seed)) await this.#query(name, sql);
    const started = performance.now();
    const query = `format=${format}&consistency=${consistency}&onUndoLimit=fail`;
    const { dumpId } = await this.#json(name, `/export/dump?${query}`, {
      method: "POST",
      headers: { "Idempotency-Key": name },
    });
    const market = { isOpen: true };
    let [transactions, killed, slices, bytes] = [0, 0, 0, 0];
    const customer = async () => {
      while (market.isOpen) {
        const done = await this.#query(name, transaction(random)).then(
          () => true,
          () => false,
        ); // a kill cut it
        if (done) transactions++;
      }
    };
    const all = Promise.all(Array.from({ length: customers }, customer));
    let status: Record<string, unknown> = {};
    try {
      for (let turn = 0; ; turn++) {
        status = await this.#json(name, `/export/dump/${String(dumpId)}`);
        const now = Number(Object(status["progress"]).bytes);
        if (now > bytes) slices++;
        bytes = Math.max(bytes, now);
        if (status["status"] === "failed") throw new Error(`The job failed: ${JSON.stringify(status["error"])}`);
        if (status["status"] === "complete") break;
        if (killed < kills && slices > killed * 2) {
          this.#kill();
          killed++;
        }
        await wait(5);
      }
    } finally {
      market.isOpen = false;
      await all;
    }
    const seconds = (performance.now() - started) / 1000;
    const path = join(this.#folder, "file");
    writeFileSync(
      path,
      await this.#patiently(name, `/export/dump/${String(dumpId)}/download`, {}, (response) => response.bytes()),
    );
    const different = await difference(path, format, keptAside(seed));
    const left = await this.#query(
      name,
      "SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_undo\\__%' ESCAPE '\\' OR name LIKE '\\_durable\\_export\\_watch%' ESCAPE '\\'",
    );
    return {
      different,
      consistency: String(status["consistency"]),
      transactions,
      kills: killed,
      slices,
      seconds,
      left: Number(left[0]?.["n"]),
    };
  }

  #kill(): void {
    const pid = this.#server.workerdPid();
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  async #query(name: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const headers = { "Content-Type": "application/json" };
    const response = await this.#server.fetch(`/query?database=${name}`, {
      method: "POST",
      body: JSON.stringify({ sql }),
      headers,
    });
    const answer: { result?: readonly Record<string, unknown>[]; detail?: string } = await response.json();
    if (answer.result === undefined) throw new Error(answer.detail);
    return answer.result;
  }

  async #json(name: string, path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    return this.#patiently(name, path, init, (response) => response.json());
  }

  #patiently<T>(name: string, path: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
    return fetchWithRetry(this.#server, `${path}${path.includes("?") ? "&" : "?"}database=${name}`, init, read);
  }
}

/** How many lines of all tables are not the same. */
async function difference(path: string, format: "sql" | "csv" | "jsonl", wanted: DatabaseSync): Promise<number> {
  const kind = format === "csv" ? "csv" : "jsonl";
  const linesIn = format === "sql" ? restored(path) : await unpacked(path);
  let different = 0;
  for (const table of ["accounts", "history", "tags"]) {
    const [one, other] = [linesOf(wanted, table, kind), linesIn(table)];
    const length = Math.max(one.length, other.length);
    for (let at = 0; at < length; at++) if (one[at] !== other[at]) different++;
  }
  return different;
}

function restored(path: string): (table: string) => readonly string[] {
  const database = new DatabaseSync(":memory:");
  database.exec(readFileSync(path, "utf8"));
  return (table) => linesOf(database, table, "jsonl");
}

async function unpacked(path: string): Promise<(table: string) => readonly string[]> {
  const files = new Map<string, readonly string[]>();
  for (const entry of await zipEntries(path)) {
    const [table = ""] = entry.name.split(".");
    files.set(table, (await text(entry.stream())).split("\n").slice(0, -1));
  }
  return (table) => files.get(table) ?? [];
}
