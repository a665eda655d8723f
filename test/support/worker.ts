export { Archive } from "./test-host.ts";
export { Faulty } from "./faulty-host.ts";
export { Host } from "./busy-host.ts";
export { ActorLike, AgentLike, CronLike } from "./alarm-libraries.ts";
export { Planner } from "./diary-host.ts";
export { Probe } from "./probe.ts";
export { Database, default } from "../../src/worker/worker.ts";
