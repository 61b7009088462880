import { Pool } from "undici";
import type { ServiceIdentity } from "./identity.ts";

/** Why a neighbour gave no answer: it could not be reached, or not in time. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly reason: "Unreachable" | "DeadlineExceeded";

  constructor(reason: UpstreamError["reason"], message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** A call of a neighbour. */
export interface UpstreamRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes as they are, or a value sent as JSON. */
  readonly body?: Uint8Array | { readonly json: unknown };
  /** From here to the whole answer, in ms. Default: the upstream's. */
  readonly deadlineMs?: number;
}

/** Its answer. Header names are in lower case. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** @throws SyntaxError when the body is no JSON. */
  json(): unknown;
}

/** One neighbour, over a bounded number of connections (so that a slow one starves nobody else). */
export interface Upstream {
  readonly origin: string;
  /** @throws UpstreamError when no answer came; any status is an answer. */
  request(request: UpstreamRequest): Promise<UpstreamResponse>;
  close(): Promise<void>;
}

/** How a neighbour is reached. */
export interface UpstreamOptions {
  readonly identity: ServiceIdentity;
  /** As in the configuration: `https://consent:8443`. */
  readonly origin: string;
  /** Name its certificate must carry, when that is not the URL's host. */
  readonly serverName?: string;
  /** Connections at most. Default 16. */
  readonly connections?: number;
  /** Time a call may take in all, in ms. Default 5 s. */
  readonly deadlineMs?: number;
}

/**
 * Connections to a neighbour with our certificate; a renewed one is used from the next connection on, while calls
 * under way end on the old. A GET whose connection broke before an answer is tried once more.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { identity, origin, deadlineMs = 5_000 } = options;
  let pool = openPool(options);
  const unsubscribe = identity.onChange(() => {
    const old = pool;
    pool = openPool(options);
    old.close().catch(() => undefined);
  });

  const once = async (request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamResponse> => {
    const { method, path, body } = request;
    const json = body !== undefined && "json" in body;
    const {
      statusCode,
      headers,
      body: answer,
    } = await pool.request({
      method,
      path,
      signal,
      headers: { ...(json ? { "content-type": "application/json" } : {}), ...request.headers },
      body: body === undefined ? null : json ? JSON.stringify(body.json) : (body as Uint8Array),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: statusCode, headers, body: bytes, json: () => JSON.parse(bytes.toString("utf8")) };
  };

  return {
    origin,
    async request(request) {
      const allowed = request.deadlineMs ?? deadlineMs;
      const signal = AbortSignal.timeout(allowed);
      const what = `${request.method} ${origin}${request.path.split("?", 1)[0]}`;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(request, signal);
        } catch (cause) {
          if (signal.aborted) {
            throw new UpstreamError("DeadlineExceeded", `${what} gave no answer in ${allowed} ms.`, {
              cause,
            });
          }
          if (request.method === "GET" && attempt === 1) continue;
          throw new UpstreamError("Unreachable", `${what} cannot be reached.`, { cause });
        }
      }
    },
    async close() {
      unsubscribe();
      await pool.close();
    },
  };
}

function openPool({ identity, origin, serverName, connections = 16 }: UpstreamOptions): Pool {
  return new Pool(origin, {
    connections,
    keepAliveTimeout: 60_000,
    connect: {
      ...identity.current(),
      minVersion: "TLSv1.3",
      timeout: 2_000,
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
  });
}
