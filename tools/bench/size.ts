import { refuse } from "../lib/options.ts";

/** Bytes of a size as it is written: `100MB`, `1.5GB`. */
export function bytesOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(MB|GB)$/.exec(text);
  if (found === null) return refuse(`--size is ${text}, allowed: 100MB, 1GB, …`);
  return Number(found[1]) * (found[2] === "GB" ? 1e9 : 1e6);
}
