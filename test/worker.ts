export { Archive } from "./archive.ts";
export { Faulty } from "./faulty.ts";
export { Host } from "./host.ts";
export { ActorLike, AgentLike, CronLike } from "./multiplexers.ts";
export { Planner } from "./planner.ts";
export { Probe } from "./probe.ts";
export { Database, default } from "../src/worker.ts";
