/** A job whose workerd is killed at every step; `test/long/crash.test.ts` has the other kinds of files. */
import { describeCrashes } from "../support/e2e/crash-tests.ts";

describeCrashes(["format=sql"]);
