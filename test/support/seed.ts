/** `npm test` draws the same each time: what it finds, it finds everywhere. `npm run test:random` draws anew. */
import fc from "fast-check";

fc.configureGlobal({ seed: 20261127 });
