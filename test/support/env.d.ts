declare namespace Cloudflare {
  interface Env {
    readonly PROBE: DurableObjectNamespace<import("./probe.ts").Probe>;
    readonly TEST_HOST: DurableObjectNamespace<import("./test-host.ts").TestHost>;
    readonly BUSY_HOST: DurableObjectNamespace<import("./busy-host.ts").BusyHost>;
    readonly FAULTY_HOST: DurableObjectNamespace<import("./faulty-host.ts").FaultyHost>;
    readonly AGENT_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").AgentLike>;
    readonly ACTOR_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").ActorLike>;
    readonly CRON_LIKE: DurableObjectNamespace<import("./alarm-libraries.ts").CronLike>;
    readonly DIARY_HOST: DurableObjectNamespace<import("./diary-host.ts").DiaryHost>;
    readonly EXPORT_TOKEN: string;
  }
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
  }
}
