/** Kills workerd while jobs run, at every named step and at random moments, and compares each file with that of an undisturbed run. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { stateWith } from "../bench/seed-object.ts";
import { writeConfig } from "../lib/config.ts";
import { query } from "../lib/database.ts";
import { fetchWithRetry } from "../lib/fetch-with-retry.ts";
import { generator } from "../lib/random.ts";
import { startServer, type Server } from "../lib/server.ts";
import { Steps } from "./steps.ts";

/** One job that was killed again and again. */
export interface CrashRun {
  /** Its options. */
  readonly job: string;
  readonly parts: number;
  readonly bytes: number;
  /** Where it was killed, in order. */
  readonly kills: readonly string[];
  readonly seconds: number;
  /** SHA-256 of the file of an undisturbed run, and of this one. */
  readonly expected: string;
  readonly sha256: string;
}

/** What is left when all jobs have been deleted. */
export interface Leftovers {
  readonly rows: number;
  readonly objects: number;
  /** Multipart uploads that R2 still holds: each crash between R2's answer to `create` and its commit leaves one that nobody knows of. */
  readonly uploads: number;
}

/** A Worker over a copy of a database, which can be killed. */
export class CrashHarness {
  readonly #server: Server;
  readonly #steps: Steps;
  readonly #folders: readonly string[];
  readonly #random: () => number;

  static async start(file: string, seed: number): Promise<CrashHarness> {
    const steps = await Steps.listen();
    const folder = mkdtempSync(join(tmpdir(), "durable-export-crash-"));
    const config = writeConfig(folder, join(import.meta.dirname, "worker.ts"), { vars: { STEPS: steps.url } });
    const state = await stateWith(file, { config });
    return new CrashHarness(await startServer({ config, persistTo: state }), steps, [folder, state], seed);
  }

  private constructor(server: Server, steps: Steps, folders: readonly string[], seed: number) {
    this.#server = server;
    this.#steps = steps;
    this.#folders = folders;
    this.#random = generator(seed);
  }

  /** Runs a job undisturbed and once more with kills: at each named step, and this many times at random moments. */
  async run(job: string, randomKills: number): Promise<CrashRun> {
    const first = this.#steps.seen.length;
    const undisturbed = await this.#finished(await this.#start(job));
    const taken = this.#steps.seen.slice(first);
    const parts = taken.filter((step) => /^part \d+ answered$/.test(step)).length;
    const kills: string[] = [];
    const started = performance.now();
    const steps = stepsOf(parts);
    const arm = (step: string) => this.#steps.at(step, () => this.#kill());
    const beginning = arm(steps[0] ?? ""); // before the job can come to it
    const dumpId = await this.#start(job);
    for (const [at, step] of steps.entries()) {
      const reached = at === 0 ? beginning : arm(step);
      const more = Math.floor(((at + 1) * randomKills) / steps.length) - Math.floor((at * randomKills) / steps.length);
      for (let time = 0; time < more; time++) {
        const moment = Math.floor(this.#random() * 300);
        await this.#answers();
        if (await isFirst(reached, moment)) break;
        this.#kill();
        kills.push(`${moment} ms after a restart`);
      }
      await this.#until(reached, step, dumpId);
      kills.push(step);
    }
    const disturbed = await this.#finished(dumpId);
    const seconds = (performance.now() - started) / 1000;
    return {
      job,
      parts,
      bytes: disturbed.bytes,
      kills,
      seconds,
      expected: undisturbed.sha256,
      sha256: disturbed.sha256,
    };
  }

  /** Stops the Worker and looks at what is left in its files. */
  async stop(): Promise<Leftovers> {
    const tables = ["_durable_export_jobs", "_durable_export_parts", "_durable_export_remainder"];
    let rows = 0;
    for (const table of tables) {
      const [count] = await query(this.#server, { sql: `SELECT count(*) AS n FROM ${table}` });
      rows += Number(count?.["n"]);
    }
    await this.#server.stop();
    await this.#steps.close();
    const [, state = ""] = this.#folders;
    const count = (sql: string) =>
      readdirSync(join(state, "v3/r2"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite"))
        .map((name) => {
          const database = new DatabaseSync(join(state, "v3/r2", name), { readOnly: true });
          const found = Number(database.prepare(sql).get()?.["n"]);
          database.close();
          return found;
        })
        .reduce((sum, found) => sum + found, 0);
    const left = {
      rows,
      objects: count("SELECT count(*) AS n FROM _mf_objects"),
      uploads: count("SELECT count(*) AS n FROM _mf_multipart_uploads WHERE state = 0"),
    };
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
    return left;
  }

  async #start(job: string): Promise<string> {
    const { dumpId } = await this.#json(`/export/dump?${job}`, {
      method: "POST",
      headers: { "Idempotency-Key": crypto.randomUUID() }, // asked again, it is the same job
    });
    return String(dumpId);
  }

  #kill(): void {
    const pid = this.#server.workerdPid();
    if (pid === undefined) throw new Error("There is no workerd to kill");
    process.kill(pid, "SIGKILL");
  }

  async #until(reached: Promise<void>, step: string, dumpId: string): Promise<void> {
    // an object that nobody asks wakes by its alarm; asking is what people do, and shortens the wait
    for (;;) {
      if (await isFirst(reached, 50)) return;
      const { status, error } = await this.#status(dumpId);
      if (status === "failed") throw new Error(`The job failed: ${JSON.stringify(error)}`);
      if (status !== "complete" || step === "alarm ended") continue;
      throw new Error(`The job was complete before it came to "${step}"`);
    }
  }

  /** Waits until a job is complete, hashes its file, and deletes it. */
  async #finished(dumpId: string): Promise<{ sha256: string; bytes: number }> {
    for (;;) {
      const { status, error, result } = await this.#status(dumpId);
      if (status === "failed") throw new Error(`The job failed: ${JSON.stringify(error)}`);
      if (status !== "complete") {
        await wait(50);
        continue;
      }
      const { sha256, bytes } = await this.#download(dumpId);
      if (bytes !== Object(result).size)
        throw new Error(`The file has ${bytes} bytes, its status says ${Object(result).size}`);
      await this.#json(`/export/dump/${dumpId}`, { method: "DELETE" });
      return { sha256, bytes };
    }
  }

  async #download(dumpId: string): Promise<{ sha256: string; bytes: number }> {
    return fetchWithRetry(this.#server, `/export/dump/${dumpId}/download`, {}, async (response) => {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of response.body ?? []) {
        hash.update(chunk);
        bytes += chunk.length;
      }
      return { sha256: hash.digest("hex"), bytes };
    });
  }

  async #status(dumpId: string): Promise<Record<string, unknown>> {
    return this.#json(`/export/dump/${dumpId}`);
  }

  async #answers(): Promise<void> {
    await this.#json("/export/dumps");
  }

  async #json(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    return fetchWithRetry(this.#server, path, init, (response) => response.json());
  }
}

/** True if something happens within so many milliseconds. */
function isFirst(event: Promise<void>, ms: number): Promise<boolean> {
  return Promise.race([event.then(() => true), wait(ms).then(() => false)]);
}

/** Every step at which a job's state changes, in the order in which it comes to them. */
function stepsOf(parts: number): readonly string[] {
  const numbers = [...new Set([1, Math.ceil(parts / 2), parts])];
  return ["create", ...numbers.map((number) => `part ${number}`), "manifest", "complete"]
    .flatMap((call) => [`${call} sent`, `${call} answered`])
    .concat("alarm ended");
}
