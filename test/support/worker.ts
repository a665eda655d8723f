export { TestHost } from "./test-host.ts";
export { FaultyHost } from "./faulty-host.ts";
export { BusyHost } from "./busy-host.ts";
export { ActorLike, AgentLike, CronLike } from "./alarm-libraries.ts";
export { DiaryHost } from "./diary-host.ts";
export { Probe } from "./probe.ts";
export { Database, default } from "../../src/worker/worker.ts";
