import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";

import type { Credentials } from "../credentials.ts";

/** A request as the proxy saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly isWatch: boolean;
}

/** What goes wrong with a request. */
export type Fault =
  /** The proxy answers itself; the server never hears of it. */
  | { readonly answer: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  /** The connection breaks before the server hears of it. */
  | "reset"
  /** The server does it, and its answer is lost. */
  | "lose answer"
  /** The server does it, and the connection breaks in the middle of the answer. */
  | "cut answer"
  /** Nothing ever comes back. */
  | "hang";

/** What happens to watches that are open. */
export type WatchFault =
  | "reset"
  /** They end as if the server's time was over. */
  | "end"
  /** They stay open, and nothing comes any more. */
  | "stall"
  /** They get this event from the server, as it seems. */
  | { readonly event: unknown };

interface OpenWatch {
  readonly response: ServerResponse;
  readonly upstream: IncomingMessage;
  stalled: boolean;
}

/** An HTTP proxy before a real API server that makes it misbehave on request. */
export class FaultyProxy {
  /** Every request so far, in order. */
  readonly seen: SeenRequest[] = [];
  /** Asked for every request; undefined lets it through. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #credentials: Credentials;
  readonly #server: Server;
  readonly #agent: Promise<Agent>;
  readonly #watches = new Set<OpenWatch>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.#agent = credentials
      .tls()
      .then(({ ca, cert, key }) => new Agent({ ca, cert, key, keepAlive: true }));
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
  }

  /** Starts listening on a free loopback port and returns the address for clients. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests that change something. */
  get writes(): readonly SeenRequest[] {
    return this.seen.filter(({ method }) => method !== "GET");
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Does something to all watches that are open now. */
  breakWatches(fault: WatchFault): void {
    for (const watch of this.#watches) {
      if (fault === "reset") watch.response.socket?.resetAndDestroy();
      else if (fault === "end") {
        watch.upstream.destroy();
        watch.response.end();
      } else if (fault === "stall") watch.stalled = true;
      else watch.response.write(`${JSON.stringify(fault.event)}\n`);
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    (await this.#agent).destroy();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? "/";
    const isWatch = path.includes("watch=true");
    const seen: SeenRequest = { method: incoming.method ?? "GET", path, isWatch };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault === "hang") return;
    if (fault === "reset") {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (typeof fault === "object") {
      incoming.resume();
      response.writeHead(fault.answer, { "content-type": "application/json", ...fault.headers });
      response.end(JSON.stringify(fault.body ?? { kind: "Status", code: fault.answer }));
      return;
    }
    const upstream = httpsRequest(new URL(path, this.#credentials.server), {
      method: seen.method,
      headers: { ...incoming.headers, ...(await this.#credentials.headers()) },
      agent: await this.#agent,
    });
    upstream.on("error", () => incoming.socket.resetAndDestroy());
    upstream.on("response", (answer) => this.#pass(answer, response, isWatch, fault));
    incoming.pipe(upstream);
    response.on("close", () => upstream.destroy());
  }

  #pass(
    answer: IncomingMessage,
    response: ServerResponse,
    isWatch: boolean,
    fault: "lose answer" | "cut answer" | undefined,
  ): void {
    if (fault === "lose answer") {
      answer.on("end", () => response.socket?.resetAndDestroy()).resume();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === "cut answer") {
      answer.once("data", (chunk: Buffer) => {
        response.write(chunk.subarray(0, chunk.length / 2), () => response.socket?.resetAndDestroy());
      });
      return;
    }
    if (!isWatch) {
      answer.pipe(response);
      return;
    }
    response.flushHeaders();
    const watch: OpenWatch = { response, upstream: answer, stalled: false };
    this.#watches.add(watch);
    answer.on("data", (chunk: Buffer) => {
      if (!watch.stalled) response.write(chunk);
    });
    answer.on("end", () => {
      if (!watch.stalled) response.end();
    });
    answer.on("error", () => response.socket?.resetAndDestroy());
    response.on("close", () => this.#watches.delete(watch));
  }
}
