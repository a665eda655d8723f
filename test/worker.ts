export { Archive } from "./archive.ts";
export { Host } from "./host.ts";
export { Probe } from "./probe.ts";
export { Database, default } from "../src/worker.ts";
