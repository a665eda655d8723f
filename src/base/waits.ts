/** How long is waited, and for how long at most. */

/** The alarm armed before a slice works fires after this long if the slice never comes back. */
export const watchdogMs = 15_000;

/** A job waits for no more than this, in milliseconds. */
export const maxWaitMs = 300_000;

/** Wait before try n (from 1): 2 s doubled each time, 5 min at most. */
export function backoffMs(attempt: number): number {
  return Math.min(2_000 * 2 ** (attempt - 1), maxWaitMs);
}

/** The last moment that a Date can hold, Unix milliseconds (ECMA-262, section 21.4.1.1): never. */
export const neverMs = 8.64e15;
