/** An object that is lost at any one statement of a job: the file is what was there at its start, or there is no job, and nothing is left. */
import { describe, expect, it } from "vitest";
import { equal, expected, filledTestHost, finished, inTestHost, options, storedBytes } from "../support/jobs.ts";
import { byThoroughness } from "../support/thorough.ts";

type Stub = Awaited<ReturnType<typeof filledTestHost>>;

/** Counts the object's statements from now on, and loses it at the n-th. */
function loseAt(state: DurableObjectState, n: number): { readonly statements: number } {
  const { sql } = state.storage;
  const exec = sql.exec.bind(sql);
  const counted = { statements: 0 };
  Object.defineProperty(sql, "exec", {
    value: (...query: Parameters<SqlStorage["exec"]>) => {
      if (++counted.statements === n) {
        state.abort("lost");
        throw new Error("lost");
      }
      return exec(...query);
    },
  });
  return counted;
}

/** What follows once a job has begun, and what may become of it. */
const endings = {
  complete: { rows: 1000, every: 9, changes: "DELETE FROM files WHERE id % 5 = 0", isCancelled: false },
  failed: { rows: 3000, every: 4, changes: "UPDATE files SET bytes = x''", isCancelled: false }, // more than may be kept
  cancelled: { rows: 1000, every: 2, changes: "UPDATE notes SET body = ''", isCancelled: true },
} as const;

const leftovers = (stub: Stub) =>
  patiently(() =>
    inTestHost(stub, (_, { storage: { sql } }) =>
      sql
        .exec<{ name: string }>(
          "SELECT name FROM sqlite_schema WHERE name LIKE '\\_durable\\_export\\_undo%' ESCAPE '\\' OR name LIKE '\\_durable\\_export\\_watch%' ESCAPE '\\'",
        )
        .toArray(),
    ),
  );

/** Asks again where the object that was asked is lost. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let time = 0; ; time++) {
    try {
      return await ask();
    } catch (error) {
      if (time === 3 || !(error instanceof Error) || error.message !== "lost") throw error;
    }
  }
}

/** A job whose object is lost at a statement; what became of it, and how many statements that took. */
async function run(ending: keyof typeof endings, n: number): Promise<{ statements: number; outcome: string }> {
  const { rows, changes, isCancelled } = endings[ending];
  const stub = await filledTestHost(rows);
  const wanted = await expected(stub);
  const counted = await inTestHost(stub, async ({ exporter }, state) => {
    const counting = loseAt(state, n);
    const { dumpId } = await exporter.start({ ...options(), consistency: "snapshot" });
    state.storage.sql.exec(changes);
    if (isCancelled) await exporter.delete(dumpId);
    return counting;
  }).catch(() => null); // lost before its answer was there
  await scheduler.wait(1);
  const [job] = await patiently(() => inTestHost(stub, ({ exporter }) => exporter.list()));
  if (job === undefined) {
    expect(counted).toBeNull();
    expect(await leftovers(stub)).toEqual([]);
    return { statements: 0, outcome: "no job" };
  }
  const { status, error } = await patiently(() => finished(stub, job.dumpId));
  expect(await leftovers(stub)).toEqual([]);
  if (status === "failed") expect(error?.code).toBe("snapshot_too_old");
  if (status === "complete" && !isCancelled) expect(equal(await storedBytes(stub, job.dumpId), wanted)).toBe(true);
  return { statements: counted?.statements ?? 0, outcome: status };
}

describe("an object that is lost", () => {
  it.each(["complete", "failed", "cancelled"] as const)(
    "at any statement of a job that is %s, leaves nothing, and no other file",
    async (ending) => {
      const { statements, outcome } = await run(ending, Number.POSITIVE_INFINITY);
      expect(outcome).toBe(ending);
      expect(statements).toBeGreaterThan(50);
      // all at once: an alarm that failed comes again after some seconds
      const at = Array.from({ length: statements }, (_, index) => index + 1);
      const runs = at
        .filter((one) => one % (endings[ending].every * byThoroughness(4, 1)) === 0)
        .map((one) => run(ending, one));
      const outcomes = new Set((await Promise.all(runs)).map((one) => one.outcome));
      if (ending === "cancelled") outcomes.delete("complete"); // a cancellation that was lost is none
      expect(outcomes).toEqual(new Set(["no job", ending]));
    },
    180_000,
  );
});
