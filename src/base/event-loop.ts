/** Work that is done in several turns, so that the host's requests come in between: a generator that yields where it may be interrupted. */

/** Lines of `sqlite_schema` up to which a download is planned when it is asked for: some 20 ms. */
export const plannedAtOnce = 500;

/** Does some work in turns, each as long as the stretch up to a `yield`. What stands behind its last one is done in the same turn as that. */
export async function runCooperatively<T>(work: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await scheduler.wait(0);
  }
}

/** Does it in one turn. */
export function runToEnd<T>(work: Generator<void, T, void>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Gathers a list, so many of its items in each turn. */
export function* collecting<T>(items: Iterable<T>, perTurn: number): Generator<void, T[], void> {
  const gathered: T[] = [];
  for (const item of items) if (gathered.push(item) % perTurn === 0) yield;
  return gathered;
}
