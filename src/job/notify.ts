/** Tells whoever wants to know how a job ended. */
import type { WebhookMessage, Webhooks } from "../webhook/webhook.ts";
import { deliveryStarted, deliveryFailed, type Delivery } from "../webhook/delivery.ts";
import type { Job } from "./job.ts";
import type { JobStore } from "./store.ts";
import { statusOf } from "./status.ts";

/** Makes the call of a finished job. Never throws. */
export async function notify({ id }: Job, store: JobStore, webhooks: Webhooks): Promise<void> {
  const job = store.find(id);
  const url = job?.options.callback;
  if (job === null || job.delivery === null || typeof url !== "string") return;
  const begun = deliveryStarted(job.delivery, Date.now());
  store.save({ ...job, delivery: begun });
  let next: Delivery;
  try {
    await webhooks.send(url, messageOf(job), Date.now());
    next = { ...begun, dueMs: null, error: null };
  } catch (error) {
    console.error(`Cannot tell the callback of dump ${id} (try ${begun.attempts}):`, error);
    next = deliveryFailed(begun, error, Date.now());
  }
  const latest = store.find(id); // it may have been deleted meanwhile
  if (latest !== null) store.save({ ...latest, delivery: next });
}

function messageOf(job: Job): WebhookMessage {
  const data = statusOf({ ...job, options: { ...job.options, callback: null } }, false, job.finishedMs ?? 0);
  const body = JSON.stringify({ type: `dump.${job.state}`, timestamp: data.finishedAt, data });
  return { id: `${job.id}-${job.state}`, body };
}
