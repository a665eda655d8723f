/** Every database of the corpus, dumped through a real object, restored by node:sqlite and by another object, and compared cell by cell. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeCorpus, d1DumpOf } from "../support/e2e/corpus-databases.ts";
import { readerOf, restoreToObject } from "../support/e2e/d1-targets.ts";
import { differenceOf, fileDifference, restorers } from "../support/e2e/equal.ts";
import { temporaryFolder } from "../support/e2e/files.ts";

describeCorpus((database) => {
  const { one, name, object, dump, server } = database;

  it("comes back by node:sqlite", async () => {
    const folder = temporaryFolder();
    const [file, copy] = [join(folder, "dump.sql"), join(folder, "copy.db")];
    writeFileSync(file, await dump(""));
    await restorers["node:sqlite"]?.(file, copy);
    expect(await fileDifference(one, object, copy), "difference").toBeNull();
  });

  it("comes back in another object", async () => {
    const { statements, warnings } = d1DumpOf(database, await dump("target=d1"));
    await restoreToObject(server(), `${name}-copy`, statements);
    const copy = readerOf(server, `${name}-copy`);
    expect(await differenceOf(one, object, copy, warnings), "difference").toBeNull();
  });
});
