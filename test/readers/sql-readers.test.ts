/** Other people's SQLites, by the lines of `docs/readers.md`: each makes every database of the corpus from its dump, or says that it may not. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpsOf, sqlFindingsOf, sqlReaders, type Dumped } from "../../tools/readers/sql.ts";
import { startTestServer } from "../support/e2e/d1-targets.ts";
import { folderFor } from "../support/e2e/files.ts";

let dumps: readonly Dumped[];

beforeAll(async () => {
  const server = await startTestServer();
  try {
    dumps = await dumpsOf(server, folderFor(afterAll));
  } finally {
    await server.stop();
  }
}, 120_000);

describe.each(sqlReaders)("SQL, run by $name", (reader) => {
  const [isThere, { isDefensive }] = [reader.isThere(), reader];
  it.skipIf(!isThere)(
    isThere
      ? isDefensive
        ? "is exact, or refused as the schema is written to"
        : "is exact"
      : "is not tried: it is not installed",
    async () => {
      const findings = await sqlFindingsOf(reader, dumps);
      const found = findings.map(({ why }, at) => (why === "" ? "" : `${dumps[at]?.one.name}: ${why}`));
      const others = found.filter((why) => why !== "" && !why.includes("sqlite_master may not be modified"));
      expect(others).toEqual([]);
      const refused = found.length - found.filter((why) => why === "").length;
      expect(refused > 0).toBe(isDefensive);
    },
    120_000,
  );
});
