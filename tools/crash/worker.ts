/** The deployable Worker, but every call to R2 says so to the harness before it is sent and when it is answered, and waits for it. */
import { Exporter } from "../../src/exporter.ts";
import type { MultipartUpload, Sink } from "../../src/sink/sink.ts";
import deployed, { Database as Deployed, type Env as DeployedEnv } from "../../src/worker/worker.ts";

interface Env extends DeployedEnv {
  /** Where the harness listens. */
  readonly STEPS: string;
}

export class Database extends Deployed {
  readonly #steps: string;
  readonly #observed: Exporter;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#steps = env.STEPS;
    this.#observed = new Exporter(ctx, { bucket: this.#bucket(env.EXPORTS) });
  }

  override fetch(request: Request): Promise<Response> {
    return this.#observed.fetch(request);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.#observed.alarm(info);
    await this.#say("alarm ended");
  }

  async #say(step: string): Promise<void> {
    await (await fetch(`${this.#steps}/?step=${encodeURIComponent(step)}`)).text();
  }

  async #call<T>(name: string, run: () => Promise<T>): Promise<T> {
    await this.#say(`${name} sent`);
    const answer = await run();
    await this.#say(`${name} answered`);
    return answer;
  }

  #bucket(bucket: R2Bucket): Sink {
    const upload = (inner: MultipartUpload): MultipartUpload => ({
      uploadId: inner.uploadId,
      uploadPart: (number, bytes) => this.#call(`part ${number}`, () => inner.uploadPart(number, bytes)),
      complete: (parts) => this.#call("complete", () => inner.complete(parts)),
      abort: () => this.#call("abort", () => inner.abort()),
    });
    return {
      createMultipartUpload: async (key, metadata) =>
        upload(await this.#call("create", () => bucket.createMultipartUpload(key, metadata))),
      resumeMultipartUpload: (key, uploadId) => upload(bucket.resumeMultipartUpload(key, uploadId)),
      head: (key) => this.#call("head", () => bucket.head(key)),
      get: (key, options) => this.#call("get", () => bucket.get(key, options)),
      put: (key, text, metadata) => this.#call("manifest", () => bucket.put(key, text, metadata)),
      delete: (key) => this.#call("delete", () => bucket.delete(key)),
    };
  }
}

export default deployed;
