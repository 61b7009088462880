import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";

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
  | "hang"
  /** Something happens to the client just before or just after the server does it; no answer reaches it. */
  | { readonly strike: () => void; readonly when: "before" | "after" };

/** A line of a watch, before it goes on to the client. */
export interface SeenEvent {
  readonly type: string;
  readonly object: unknown;
}

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
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
  readonly upstream: IncomingMessage;
  /** The beginning of a line whose end has not come yet. */
  rest: Buffer;
  stalled: boolean;
}

/** What went over a watch while it was held back. */
interface Late {
  readonly watch: OpenWatch;
  readonly line: Buffer;
}

const NEWLINE = 10;

/** Connections to the server behind proxies; they are kept open, and new ones resume the session of the first. */
export async function agentTo(credentials: Credentials): Promise<Agent> {
  const { ca, cert, key } = await credentials.tls();
  return new Agent({ secureContext: createSecureContext({ ca, cert, key }), keepAlive: true });
}

/** An HTTP proxy before a real API server that makes it misbehave on request. */
export class FaultyProxy {
  /** Every request so far, in order. */
  readonly seen: SeenRequest[] = [];
  /** Asked for every request; undefined lets it through. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  /** What the server is asked instead, when several tests share it: path with query. */
  address: (path: string) => string = (path) => path;
  /** Asked for every event of every watch; undefined lets it through. */
  event: ((watch: SeenRequest, event: SeenEvent) => "drop" | "twice" | undefined) | undefined;
  #late: Late[] | undefined;
  readonly #credentials: Credentials;
  readonly #server: Server;
  readonly #agent: Promise<Agent>;
  readonly #ownsAgent: boolean;
  readonly #watches = new Set<OpenWatch>();

  /** @param shared the way to the server, where many proxies use one; it outlives them. */
  constructor(credentials: Credentials, shared?: Promise<Agent>) {
    this.#credentials = credentials;
    this.#agent = shared ?? agentTo(credentials);
    this.#ownsAgent = shared === undefined;
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

  /** From now on watches stay open and show nothing, as those of a server that lags behind. */
  holdWatches(): void {
    this.#late ??= [];
  }

  /** Everything that was held back goes out, in order. */
  releaseWatches(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const { watch, line } of late) if (!watch.stalled) watch.response.write(line);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#ownsAgent) (await this.#agent).destroy();
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
    if (typeof fault === "object" && "strike" in fault && fault.when === "before") {
      fault.strike();
      incoming.socket.resetAndDestroy();
      return;
    }
    if (typeof fault === "object" && "answer" in fault) {
      incoming.resume();
      response.writeHead(fault.answer, { "content-type": "application/json", ...fault.headers });
      response.end(JSON.stringify(fault.body ?? { kind: "Status", code: fault.answer }));
      return;
    }
    const upstream = httpsRequest(new URL(this.address(path), this.#credentials.server), {
      method: seen.method,
      headers: { ...incoming.headers, ...(await this.#credentials.headers()) },
      agent: await this.#agent,
    });
    upstream.on("error", () => incoming.socket.resetAndDestroy());
    upstream.on("response", (answer) => this.#pass(answer, response, seen, fault));
    incoming.pipe(upstream);
    response.on("close", () => upstream.destroy());
  }

  #pass(
    answer: IncomingMessage,
    response: ServerResponse,
    seen: SeenRequest,
    fault: "lose answer" | "cut answer" | { readonly strike: () => void } | undefined,
  ): void {
    if (fault === "lose answer" || typeof fault === "object") {
      const lose = (): void => {
        if (typeof fault === "object") fault.strike();
        response.socket?.resetAndDestroy();
      };
      answer.on("end", lose).resume();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === "cut answer") {
      answer.once("data", (chunk: Buffer) => {
        response.write(chunk.subarray(0, chunk.length / 2), () => response.socket?.resetAndDestroy());
      });
      return;
    }
    if (!seen.isWatch) {
      answer.pipe(response);
      return;
    }
    response.flushHeaders();
    const watch: OpenWatch = {
      seen,
      response,
      upstream: answer,
      rest: Buffer.alloc(0),
      stalled: false,
    };
    this.#watches.add(watch);
    answer.on("data", (chunk: Buffer) => {
      if (!watch.stalled) this.#passEvents(watch, chunk);
    });
    answer.on("end", () => {
      if (!watch.stalled) response.end();
    });
    answer.on("error", () => response.socket?.resetAndDestroy());
    response.on("close", () => this.#watches.delete(watch));
  }

  #passEvents(watch: OpenWatch, chunk: Buffer): void {
    if (this.event === undefined && this.#late === undefined && watch.rest.length === 0) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      watch.response.write(chunk.subarray(0, end));
      watch.rest = chunk.subarray(end);
      return;
    }
    const text = Buffer.concat([watch.rest, chunk]);
    let from = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, from)) {
      this.#passLine(watch, text.subarray(from, end + 1));
      from = end + 1;
    }
    watch.rest = text.subarray(from);
  }

  #passLine(watch: OpenWatch, line: Buffer): void {
    const fate = this.event?.(watch.seen, JSON.parse(line.toString()) as SeenEvent);
    if (fate === "drop") return;
    for (const each of fate === "twice" ? [line, line] : [line]) {
      if (this.#late) this.#late.push({ watch, line: each });
      else watch.response.write(each);
    }
  }
}
