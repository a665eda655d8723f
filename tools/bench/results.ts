/** `tools/bench/RESULTS.md`: a section for each database, replaced when it is measured again; text between them stays. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** Puts a section into the file, in the place of the one of that title, or at its end. */
export function writeSection(path: string, title: string, body: string): void {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "# Measured\n";
  const section = `## ${title}\n\n${body}\n`;
  const parts = text.split(/^(?=## )/m);
  const at = parts.findIndex((part) => part.startsWith(`## ${title}\n`));
  const next = at === -1 ? [...parts, section] : parts.with(at, section);
  writeFileSync(path, next.map((part) => part.trimEnd()).join("\n\n") + "\n");
}

/** The machine and the day, in one line. */
export function circumstances(date: string): string {
  const [cpu] = cpus();
  return `${date}, ${cpus().length} × ${cpu?.model.trim() ?? "CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.versions.node} beside workerd of this lockfile.`;
}
