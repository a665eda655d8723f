/** How much a test with random cases tries: a little in `npm test`, all of it in `npm run test:long`. The seeds are fixed in both. */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** True in the projects of `npm run test:long`. */
    readonly isThorough: boolean;
  }
}

const isThorough = inject("isThorough");

/** What `npm test` takes, and what `npm run test:long` does. */
export function byThoroughness<T>(usual: T, thorough: T): T {
  return isThorough ? thorough : usual;
}
