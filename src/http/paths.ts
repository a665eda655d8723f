/** The paths of the export routes below their mount, and the methods of each: the same on the Worker's side and on the object's. */

/** As Hono has them: `:dumpId` stands for an id. */
export const paths = {
  dump: "/dump",
  dumps: "/dumps",
  status: "/dump/:dumpId",
  download: "/dump/:dumpId/download",
} as const;

/** HEAD comes with GET (RFC 9110, section 9.3.2). */
export const methods = {
  dump: ["GET", "HEAD", "POST"],
  dumps: ["GET", "HEAD"],
  status: ["GET", "HEAD", "DELETE"],
  download: ["GET", "HEAD"],
} as const satisfies Readonly<Record<keyof typeof paths, readonly string[]>>;

/** The path of one dump's status. */
export function statusPath(dumpId: string): string {
  return paths.status.replace(":dumpId", dumpId);
}

/** The path of one dump's file. */
export function downloadPath(dumpId: string): string {
  return paths.download.replace(":dumpId", dumpId);
}
