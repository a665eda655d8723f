/** The call that tells somebody how a job ended: at least once, again and again for a day, and nothing waits for it. */
import { watchdogMs } from "../base/waits.ts";
import { WebhookError } from "./webhook.ts";

/**
 * Waits between the calls of a callback, in milliseconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h; more than a day altogether.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
const callbackWaitsMs = [5, 300, 1800, 7200, 18_000, 36_000, 36_000].map((seconds) => seconds * 1000);

/** How far a call is. */
export interface Delivery {
  /** Calls begun. */
  readonly attempts: number;
  /** When the next one is due, Unix milliseconds; null when there will be none. */
  readonly dueMs: number | null;
  /** What went wrong with the last one; null if nothing has. */
  readonly error: string | null;
}

/** A call that is due at once. */
export function newDelivery(now: number): Delivery {
  return { attempts: 0, dueMs: now, error: null };
}

/** A call begins: counted before it can fail, and due again should the object not live to see the answer. */
export function deliveryStarted({ attempts }: Delivery, now: number): Delivery {
  return { attempts: attempts + 1, dueMs: now + watchdogMs, error: null };
}

/** What becomes of it when a call has failed: the next one later, or none any more. */
export function deliveryFailed({ attempts }: Delivery, error: unknown, now: number): Delivery {
  const wait = error instanceof WebhookError && error.isFinal ? undefined : callbackWaitsMs[attempts - 1];
  const message = error instanceof Error ? error.message : String(error);
  return { attempts, dueMs: wait === undefined ? null : now + wait, error: message };
}
