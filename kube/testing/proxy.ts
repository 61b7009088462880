import type { IncomingHttpHeaders } from "node:http";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Dispatcher } from "undici";
import type { Credentials } from "../credentials.ts";
import { type Way, wayTo } from "./way.ts";

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
  /** Lets go of the server. */
  readonly leave: () => void;
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

/** What belongs to one connection and is not passed on. */
const OF_A_HOP = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

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
  readonly #server: Server;
  readonly #way: Promise<Way>;
  readonly #ownsWay: boolean;
  readonly #watches = new Set<OpenWatch>();

  /** @param shared the way to the server, where many proxies use one; it outlives them. */
  constructor(credentials: Credentials, shared?: Promise<Way>) {
    this.#way = shared ?? wayTo(credentials);
    this.#ownsWay = shared === undefined;
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
        watch.response.end();
        watch.leave();
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
    if (this.#ownsWay) await (await this.#way).close();
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
    const way = await this.#way;
    const body = await bodyOf(incoming);
    const request = {
      method: seen.method as Dispatcher.HttpMethod,
      path: this.address(path),
      headers: { ...passedOn(incoming.headers), ...(await way.headers()) },
      body: body ?? null,
      // Undici would close the connection after every DELETE that has a body.
      reset: false,
    };
    // Who asked has gone meanwhile.
    if (body === undefined || response.destroyed) return;
    if (isWatch) way.watches.dispatch(request, this.#watchHandler(response, seen, fault));
    else way.requests.dispatch(request, answerHandler(response, fault));
  }

  /** Passes a watch on line by line; an answer that is a refusal is passed on as it is. */
  #watchHandler(
    response: ServerResponse,
    seen: SeenRequest,
    fault: LateFault | undefined,
  ): Dispatcher.DispatchHandler {
    const whole = answerHandler(response, fault);
    let watch: OpenWatch | undefined;
    return {
      onRequestStart: (controller, context) => whole.onRequestStart?.(controller, context),
      onResponseStart: (controller, status, headers) => {
        if (fault !== undefined || status >= 400) {
          whole.onResponseStart?.(controller, status, headers);
          return;
        }
        response.writeHead(status, passedOn(headers)).flushHeaders();
        const leave = (): void => controller.abort(new Error("the watch is over"));
        const opened: OpenWatch = { seen, response, leave, rest: Buffer.alloc(0), stalled: false };
        watch = opened;
        this.#watches.add(opened);
        response.on("close", () => this.#watches.delete(opened));
      },
      onResponseData: (controller, chunk) => {
        if (!watch) whole.onResponseData?.(controller, chunk);
        else if (!watch.stalled) this.#passEvents(watch, chunk);
      },
      onResponseEnd: (controller, trailers) => {
        if (!watch) whole.onResponseEnd?.(controller, trailers);
        else if (!watch.stalled) response.end();
      },
      onResponseError: (controller, error) => {
        if (!response.writableEnded) whole.onResponseError?.(controller, error);
      },
    };
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

/** What goes wrong once the server has done what it was asked. */
type LateFault = Extract<Fault, "lose answer" | "cut answer" | { readonly strike: () => void }>;

/** Passes an answer on in one piece, or what a fault leaves of it. */
function answerHandler(response: ServerResponse, fault: LateFault | undefined): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  let head: { readonly status: number; readonly headers: IncomingHttpHeaders } = { status: 502, headers: {} };
  let over = false;
  const reset = (): void => void response.socket?.resetAndDestroy();
  return {
    onRequestStart(controller) {
      response.on("close", () => {
        if (!over) controller.abort(new Error("nobody waits for the answer"));
      });
    },
    onResponseStart(_controller, status, headers) {
      head = { status, headers };
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      over = true;
      if (typeof fault === "object") fault.strike();
      if (typeof fault === "object" || fault === "lose answer") {
        reset();
        return;
      }
      const body = Buffer.concat(chunks);
      response.writeHead(head.status, { ...passedOn(head.headers), "content-length": body.length });
      if (fault === "cut answer") response.write(body.subarray(0, body.length / 2), reset);
      else response.end(body);
    },
    onResponseError() {
      over = true;
      reset();
    },
  };
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] => entry[1] !== undefined && !OF_A_HOP.has(entry[0]),
  );
  return Object.fromEntries(kept);
}

/** What was sent; undefined when it broke off. */
function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => resolve(Buffer.concat(chunks)));
    incoming.on("close", () => resolve(undefined));
  });
}
