/** What the tests beside a running Worker share. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Server } from "../../scripts/lib/server.ts";

/** A folder that is gone when the test has ended. */
export function temporaryFolder(): string {
  return folderFor(onTestFinished);
}

/** A folder that is gone when something has ended: `afterAll`, or a test. */
export function folderFor(atEnd: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "durable-export-test-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The body of an answer that must be 200. */
export async function bytesOf(server: Pick<Server, "fetch">, path: string, init?: RequestInit): Promise<Uint8Array> {
  const response = await server.fetch(path, init);
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The status of a job, as far as tests look at it. */
export interface JobView {
  readonly dumpId: string;
  readonly status: string;
  readonly progress: { readonly bytes: number };
  readonly result?: { readonly size: number; readonly rows: Readonly<Record<string, number>> };
  readonly error?: unknown;
}

/** Starts a job and gives its status again and again, until it has ended. */
export async function* watchJob(server: Server, query: string): AsyncGenerator<JobView> {
  const started = await view(await server.fetch(`/export/dump?${query}`, { method: "POST" }));
  for (;;) {
    // While the Worker is down nobody answers; the job is what must survive, not the question.
    const answer = await server.fetch(`/export/dump/${started.dumpId}`).catch(() => null);
    const job = answer?.ok === true ? await view(answer) : null;
    if (job !== null) yield job;
    if (job !== null && job.status !== "running" && job.status !== "queued") return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function view(response: Response): Promise<JobView> {
  return response.json();
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
