/** A connection that is lost: hands everything on to a server, and cuts the first answer that is longer than so many bytes. */
import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  readonly url: string;
  /** The request lines that went through, and the `Range` of each that had one. */
  readonly requests: readonly string[];
  stop(): void;
}

/** Cuts once, where a chunk ends, as workerd does when a download fails; `lost` is called in front of the cut. */
export async function cuttingProxy(to: string, bytes: number, lost: () => Promise<unknown>): Promise<CuttingProxy> {
  const target = Number(new URL(to).port);
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy()); // the other side has gone, which is what is tried here
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (data) => {
      const head = data.toString("latin1");
      const [line = ""] = head.split("\r\n");
      if (/^(?:GET|HEAD) /.test(line))
        requests.push([line, /^Range: .*$/im.exec(head)?.[0]].filter(Boolean).join(", "));
      upstream.write(data);
    });
    client.on("end", () => upstream.end());
    let sent = 0;
    const ends = endsOfChunks();
    upstream.on("data", (data: Buffer) => {
      const end = ends(data);
      sent += data.length;
      if (isCut || sent <= bytes || end === 0) return client.write(data);
      isCut = true;
      client.write(data.subarray(0, end));
      upstream.destroy();
      return void lost().then(() => client.end());
    });
    upstream.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Finds, in each piece of an answer, the place behind the last chunk that ends in it (RFC 9112, section 7.1), 0 if none does; without chunks any place is one. */
function endsOfChunks(): (data: Buffer) => number {
  let [head, isChunked, left, size] = ["", true, 0, ""];
  return (data) => {
    let [at, end] = [0, 0];
    if (!head.includes("\r\n\r\n")) {
      const before = head.length;
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return 0;
      isChunked = /^transfer-encoding: chunked/im.test(head);
      at = head.indexOf("\r\n\r\n") + 4 - before;
    }
    if (!isChunked) return data.length;
    while (at < data.length) {
      if (left > 0) {
        const step = Math.min(left, data.length - at);
        [at, left] = [at + step, left - step];
        if (left === 0) end = at;
      } else {
        const sign = String.fromCharCode(data[at++] ?? 0);
        size += sign;
        if (sign === "\n") [left, size] = [Number.parseInt(size, 16) + 2, ""];
      }
    }
    return end;
  };
}
