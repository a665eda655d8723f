declare namespace Cloudflare {
  interface Env {
    readonly DATABASE: DurableObjectNamespace<import("../../src/worker/worker.ts").Database>;
    readonly PROBE: DurableObjectNamespace<import("./probe.ts").Probe>;
    readonly ARCHIVE: DurableObjectNamespace<import("./test-host.ts").Archive>;
    readonly HOST: DurableObjectNamespace<import("./busy-host.ts").Host>;
    readonly FAULTY: DurableObjectNamespace<import("./faulty-host.ts").Faulty>;
    readonly AGENT_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").AgentLike>;
    readonly ACTOR_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").ActorLike>;
    readonly CRON_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").CronLike>;
    readonly PLANNER: DurableObjectNamespace<import("./diary-host.ts").Planner>;
    readonly EXPORTS: R2Bucket;
    readonly EXPORT_TOKEN: string;
  }
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
  }
}
