/** What the tests beside a running Worker share. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Server } from "../../../tools/lib/server.ts";

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

/** The body of an answer that must be a good one. */
export async function bytesOf(server: Pick<Server, "fetch">, path: string, init?: RequestInit): Promise<Uint8Array> {
  const response = await server.fetch(path, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}
