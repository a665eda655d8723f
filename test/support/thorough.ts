/** How much a test with random cases tries: a little in `npm test`, all of it in `npm run test:long`. The seeds are fixed in both. */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** True in the projects of `npm run test:long`. */
    readonly isThorough: boolean;
  }
}

const isThorough = inject("isThorough");

/** A number for `npm test`, and one for `npm run test:long`. */
export function byThoroughness(usual: number, thorough: number): number {
  return isThorough ? thorough : usual;
}
