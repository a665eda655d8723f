/** What a job says of itself among its warnings, besides what is left out of its file. */
export const notes = {
  schema: "The schema changed while the job ran; it began again with the new one",
  code: "The Worker's code changed while the job ran; it began again with the new one, and with the database as it was then",
  parts:
    "The file is larger than was thought; the job began again with larger parts, and with the database as it was then",
  undo: "More was changed than a snapshot may keep; the job went on without it",
} as const;

/** Those that a job has among its warnings. */
export function notesOf(warnings: readonly string[]): readonly string[] {
  const all: readonly string[] = Object.values(notes);
  return warnings.filter((warning) => all.includes(warning));
}
