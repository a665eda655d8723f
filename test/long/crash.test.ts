/** Jobs whose workerd is killed at every step, in the ways to pack that `test/e2e/crash.test.ts` does not try. */
import { describeCrashes } from "../support/e2e/crash-tests.ts";

describeCrashes(["format=csv&gzip=1", "format=jsonl", "format=sql&compress=zstd"]);
