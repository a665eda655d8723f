declare namespace Cloudflare {
  interface Env {
    readonly PROBE: DurableObjectNamespace<import("./probe.ts").Probe>;
    readonly ARCHIVE: DurableObjectNamespace<import("./archive.ts").Archive>;
    readonly EXPORTS: R2Bucket;
    readonly EXPORT_TOKEN: string;
  }
}
