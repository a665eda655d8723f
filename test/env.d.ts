declare namespace Cloudflare {
  interface Env {
    readonly DATABASE: DurableObjectNamespace<import("../src/worker.ts").Database>;
    readonly PROBE: DurableObjectNamespace<import("./probe.ts").Probe>;
    readonly ARCHIVE: DurableObjectNamespace<import("./archive.ts").Archive>;
    readonly HOST: DurableObjectNamespace<import("./host.ts").Host>;
    readonly FAULTY: DurableObjectNamespace<import("./faulty.ts").Faulty>;
    readonly AGENT_LIKE: DurableObjectNamespace<import("./multiplexers.ts").AgentLike>;
    readonly ACTOR_LIKE: DurableObjectNamespace<import("./multiplexers.ts").ActorLike>;
    readonly CRON_LIKE: DurableObjectNamespace<import("./multiplexers.ts").CronLike>;
    readonly PLANNER: DurableObjectNamespace<import("./planner.ts").Planner>;
    readonly EXPORTS: R2Bucket;
    readonly EXPORT_TOKEN: string;
  }
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
  }
}
