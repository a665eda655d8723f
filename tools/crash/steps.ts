/** Hears of every step that the Worker is about to take, and kills workerd at the one that it is told to. */
import { createServer, type Server as HttpServer } from "node:http";

export class Steps {
  /** In the order in which they were taken. */
  readonly seen: string[] = [];
  readonly url: string;
  readonly #server: HttpServer;
  #armed: { readonly step: string; readonly kill: () => void } | null = null;

  static async listen(): Promise<Steps> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Steps(server);
  }

  private constructor(server: HttpServer) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Cannot listen for steps");
    this.url = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    server.on("request", (request, response) => {
      const step = new URL(request.url ?? "/", this.url).searchParams.get("step") ?? "";
      this.seen.push(step);
      if (this.#armed?.step !== step) return void response.end();
      const { kill } = this.#armed;
      this.#armed = null;
      kill(); // whoever asked is no more
      return void request.socket.destroy();
    });
  }

  /** Calls `kill` when this step is taken next; resolves when it has. */
  at(step: string, kill: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#armed = {
        step,
        kill: () => {
          kill();
          resolve();
        },
      };
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
