/** Tells somebody that a job has ended, as Standard Webhooks has it: https://github.com/standard-webhooks/standard-webhooks */
import { ExportError } from "../errors.ts";
import { hmac } from "../base/hmac.ts";

/** A receiver of a callback must answer within so long, in milliseconds. */
const callbackDeadlineMs = 10_000;

/** One message: the same id however often it is sent, so that a receiver can tell. */
export interface WebhookMessage {
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** What a receiver answered, where it was not what was hoped for. `isFinal` if it wants no more of it. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
  readonly isFinal: boolean;

  constructor(message: string, isFinal = false) {
    super(message);
    this.isFinal = isFinal;
  }
}

/** Hosts that may be called, and the secret that signs: `whsec_` and base64. */
export interface WebhookOptions {
  readonly hosts: readonly string[];
  readonly secret: string | undefined;
}

/** Sends messages to the hosts that are allowed, and to no other. */
export class Webhooks {
  readonly #hosts: readonly string[];
  readonly #secret: string | undefined;

  constructor({ hosts, secret }: WebhookOptions) {
    this.#hosts = hosts;
    this.#secret = secret;
  }

  /** The URL as it was checked, which is what must be called: older compatibility dates read other hosts out of odd text. Throws `invalid_option`. */
  check(url: string): URL {
    const refuse = (why: string, allowed: readonly string[]): never => {
      throw new ExportError("invalid_option", `Option "callback" is "${url}": ${why}; allowed: ${allowed.join(", ")}`, {
        details: { option: "callback", received: url, allowed },
      });
    };
    if (this.#hosts.length === 0)
      return refuse("this exporter calls nobody", ["hosts that the Exporter's callbackHosts names; it names none"]);
    const hosts = this.#hosts.map((host) => `https://${host}/…`);
    const target = URL.parse(url);
    if (target === null || target.protocol !== "https:") return refuse("it is no https: URL", hosts);
    if (target.username !== "" || target.password !== "") return refuse("it holds a name or a password", hosts);
    if (!this.#hosts.includes(target.host)) return refuse("its host is not allowed", hosts);
    if (keyOf(this.#secret) === null)
      throw new ExportError(
        "invalid_option",
        'Option "callback" needs a secret: the Exporter\'s callbackSecret must be "whsec_" and base64',
      );
    return target;
  }

  /** Sends a message once. Throws if it did not arrive, with the reason. */
  async send(url: string, { id, body }: WebhookMessage, now: number): Promise<void> {
    const target = this.check(url); // what is allowed may have changed since the job began
    const timestamp = String(Math.floor(now / 1000));
    const signature = await hmac(keyOf(this.#secret) ?? new Uint8Array(), `${id}.${timestamp}.${body}`);
    const response = await fetch(target.href, {
      method: "POST",
      redirect: "manual",
      headers: {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature.toBase64()}`,
      },
      body,
      signal: AbortSignal.timeout(callbackDeadlineMs),
    });
    await response.body?.cancel(); // whatever it says is not for us
    if (response.ok) return;
    const isRedirect = response.status >= 300 && response.status < 400;
    const more = isRedirect ? ", and redirects are not followed" : "";
    throw new WebhookError(`The receiver answered ${response.status}${more}`, response.status === 410);
  }
}

function keyOf(secret: string | undefined): Uint8Array | null {
  const base64 = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret ?? "")?.[1];
  if (base64 === undefined) return null;
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return null; // no base64: the caller says so
  }
}
