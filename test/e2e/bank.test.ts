/** A snapshot of a bank whose customers never stop, and whose workerd is killed; `test/long/bank.test.ts` has the other formats. */
import { itIsTheBankOfOneMoment, openBank } from "../support/e2e/bank-tests.ts";

itIsTheBankOfOneMoment(openBank(), ["sql"]);
