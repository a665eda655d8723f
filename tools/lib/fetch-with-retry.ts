/** Asking a server that is killed now and then. */
import { setTimeout as wait } from "node:timers/promises";
import type { Server } from "./server.ts";

/** Asks until somebody answers to the end: workerd comes back some 100 ms after a kill. Throws what the last answer was. */
export async function fetchWithRetry<T>(
  server: Server,
  path: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  let last: unknown;
  for (let time = 0; time < 600; time++) {
    try {
      const response = await server.fetch(path, init);
      if (response.ok) return await read(response);
      last = `${response.status}: ${await response.text()}`;
      if (response.status < 500) break;
    } catch (error) {
      last = error; // the connection was cut by a kill
    }
    await wait(50);
  }
  throw new Error(`${path} did not answer: ${String(last)}`);
}
