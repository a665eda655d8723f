/** V8's inspector, which wrangler opens. */

/** Node's WebSocket takes headers, which the types do not know: https://undici.nodejs.org/#/docs/api/WebSocket.md */
function openSocket(url: string): WebSocket {
  // wrangler lets nobody in without an Origin
  const made: unknown = Reflect.construct(WebSocket, [url, { headers: { Origin: "http://localhost" } }]);
  if (made instanceof WebSocket) return made;
  throw new TypeError(`Cannot open a WebSocket to ${url}`);
}

/** The DevTools protocol, as much of it as a measurement needs. workerd hears it only while it has something to do. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: string) => void>();
  #last = 0;

  static async open(inspectorUrl: string): Promise<Inspector> {
    const targets: readonly { readonly webSocketDebuggerUrl: string }[] = await (
      await fetch(`${inspectorUrl}/json`)
    ).json();
    const [target] = targets;
    if (target === undefined) throw new Error(`There is nothing to inspect at ${inspectorUrl}`);
    const socket = openSocket(target.webSocketDebuggerUrl);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error(`Cannot open ${target.webSocketDebuggerUrl}`)), {
        once: true,
      });
    });
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      const message: { readonly id?: number } = JSON.parse(text);
      if (message.id === undefined) return;
      this.#waiting.get(message.id)?.(text);
      this.#waiting.delete(message.id);
    });
  }

  /** Sends a command; its answer is not waited for. */
  tell(method: string, params: Readonly<Record<string, unknown>> = {}): number {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return id;
  }

  /** Sends a command, and gives its answer. */
  async ask<Answer>(method: string): Promise<Answer> {
    const text = await new Promise<string>((resolve) => this.#waiting.set(this.tell(method), resolve));
    const { result, error }: { readonly result?: Answer; readonly error?: unknown } = JSON.parse(text);
    if (result === undefined) throw new Error(`Cannot ask for ${method}: ${JSON.stringify(error)}`);
    return result;
  }

  close(): void {
    this.#socket.close();
  }
}
