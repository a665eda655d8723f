/** `compress`, and `gzip`, which is short for one of its values. */
import { nodeZstd } from "../pack/node-zlib.ts";
import { noZstd } from "../pack/zstd-native.ts";
import type { GivenOptions } from "./given.ts";
import { refuse } from "./refusals.ts";
import type { ExportOptionValues } from "./table.ts";

/** How the file is packed. Throws `invalid_option` if both say different things, or if this Worker has no zstd. */
export function chosenCompression(
  asked: Pick<ExportOptionValues, "compress" | "gzip">,
  given: GivenOptions,
): ExportOptionValues["compress"] {
  const option = given.nameOf("compress");
  const compress = !given.has("compress") && asked.gzip ? "gzip" : asked.compress;
  if (given.has("gzip") && asked.gzip !== (compress === "gzip")) {
    const settings = `${given.setting("compress", compress)} and ${given.setting("gzip", asked.gzip)}`;
    const problem = `Options "${option}" and "${given.nameOf("gzip")}" say different things: ${settings}`;
    refuse({ option, received: compress, allowed: ["one of the two"], problem });
  }
  if (compress === "zstd" && nodeZstd() === null) {
    const problem = `Option "${option}" is "zstd", and ${noZstd}`;
    refuse({ option, received: compress, allowed: ["none", "gzip"], problem });
  }
  return compress;
}
