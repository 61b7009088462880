import { setTimeout as delay } from "node:timers/promises";
import { createSecureContext } from "node:tls";

import { buildConnector, Pool } from "undici";
import type { Dispatcher } from "undici";

import type { Backoff, Random } from "./backoff.ts";
import { backoffDelay } from "./backoff.ts";
import type { Credentials, TlsMaterial } from "./credentials.ts";
import type { Status } from "./error.ts";
import { errorOfStatus, isTransient, KubeError } from "./error.ts";
import type { Answer } from "./exchange.ts";
import { exchange } from "./exchange.ts";
import type { RequestOutcome, TransportRequest, TransportResponse } from "./transport-request.ts";

export interface TransportOptions {
  readonly userAgent: string;
  /** Deadline of a request that names none, in ms. */
  readonly timeoutMs: number;
  /** Deadline of one attempt within it: how long a dead connection can hold a repeatable request up, in ms. */
  readonly attemptMs: number;
  /** Connections for ordinary requests; each watch has one more of its own. */
  readonly connections: number;
  readonly random: Random;
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined;
}

const ATTEMPTS = 5;
const RETRY: Backoff = { baseMs: 100, capMs: 5_000, factor: 2, jitter: 0.5 };

/**
 * Keep-alive connections to one API server.
 *
 * Lives until {@link Transport.close}; every request has a deadline. New connections take the credentials of the
 * moment, so rotated certificates and CAs need no new transport.
 */
export class Transport {
  readonly host: string;
  readonly #credentials: Credentials;
  readonly #options: TransportOptions;
  readonly #prefix: string;
  readonly #isSecure: boolean;
  readonly #requests: Pool;
  readonly #watches: Pool;
  #connector: { readonly material: string; readonly connect: buildConnector.connector } | undefined;

  constructor(credentials: Credentials, options: TransportOptions) {
    const url = new URL(credentials.server);
    this.host = url.host;
    this.#prefix = url.pathname.replace(/\/$/, "");
    this.#isSecure = url.protocol === "https:";
    this.#credentials = credentials;
    this.#options = options;
    const shared: Pool.Options = {
      connect: (target, callback) => {
        const fail = (cause: unknown): void =>
          callback(cause instanceof Error ? cause : new Error(String(cause)), null);
        credentials.tls().then((material) => {
          // Text that is no certificate throws, and nobody else would catch it: the process would end.
          try {
            this.#connectorFor(material)(target, callback);
          } catch (cause) {
            fail(cause);
          }
        }, fail);
      },
      keepAliveTimeout: 60_000,
      pipelining: 1,
    };
    this.#requests = new Pool(url.origin, { ...shared, connections: options.connections });
    this.#watches = new Pool(url.origin, shared);
  }

  /**
   * Sends a request, again where that is safe, within its deadline.
   *
   * @throws KubeError for every refusal and failure; the signal's reason when aborted.
   */
  async request(request: TransportRequest): Promise<TransportResponse> {
    const deadline = performance.now() + (request.timeoutMs ?? this.#options.timeoutMs);
    for (let attempt = 1; ; attempt++) {
      const left = deadline - performance.now();
      const ms = request.repeatable ? Math.min(left, this.#options.attemptMs) : left;
      try {
        return await this.#attempt(request, ms, attempt > 1);
      } catch (error) {
        request.signal?.throwIfAborted();
        const again =
          error instanceof KubeError &&
          attempt < ATTEMPTS &&
          (error.status === 429 || (request.repeatable && isTransient(error) && error.status !== 501));
        if (!again) throw error;
        const wait = error.retryAfterMs ?? backoffDelay(RETRY, attempt, this.#options.random);
        if (performance.now() + wait >= deadline) throw error;
        await delay(wait, undefined, request.signal ? { signal: request.signal } : {});
      }
    }
  }

  /**
   * Opens a response that streams, such as a watch.
   *
   * @param idleMs silence after which the connection counts as dead; reading then throws `Stalled`.
   * @throws KubeError as {@link request}; nothing is retried.
   */
  async *stream(
    request: TransportRequest,
    idleMs: number,
    onOpen?: () => void,
  ): AsyncGenerator<Buffer, void, undefined> {
    const stopped = new AbortController();
    const abort = (): void => stopped.abort(request.signal?.reason);
    request.signal?.throwIfAborted();
    request.signal?.addEventListener("abort", abort, { once: true });
    try {
      const body = await this.#open(request, stopped.signal, idleMs);
      onOpen?.();
      try {
        for await (const chunk of body) yield chunk;
      } catch (cause) {
        throw this.#broken(request, cause);
      }
    } finally {
      request.signal?.removeEventListener("abort", abort);
      stopped.abort();
    }
  }

  /** Breaks every connection; requests on their way fail. */
  async close(): Promise<void> {
    const closed = new KubeError(`The client of ${this.host} is closed.`, { reason: "Closed" });
    await Promise.all([this.#requests.destroy(closed), this.#watches.destroy(closed)]);
  }

  async #open(
    request: TransportRequest,
    signal: AbortSignal,
    idleMs: number,
  ): Promise<AsyncIterable<Buffer>> {
    const report = this.#reporter(request, false);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.#watches.request({
        ...(await this.#optionsFor(request)),
        signal,
        headersTimeout: Math.min(idleMs, request.timeoutMs ?? this.#options.timeoutMs),
        bodyTimeout: idleMs,
      });
    } catch (cause) {
      report("<error>");
      throw this.#broken(request, signal.aborted ? signal.reason : cause);
    }
    const { statusCode, headers, body } = response;
    report(String(statusCode));
    if (statusCode < 400) return body;
    throw this.#refusal(request, statusCode, headers, await body.text().catch(() => ""));
  }

  async #attempt(request: TransportRequest, ms: number, retried: boolean): Promise<TransportResponse> {
    const report = this.#reporter(request, retried);
    const due = performance.now() + ms;
    const options = await this.#optionsFor(request);
    // Given up while a credential was fetched, or before: nothing is sent.
    request.signal?.throwIfAborted();
    // The lead may be lost while a connection is waited for or an answer fails to come, or while the process sleeps.
    let withheld: unknown;
    const sent = exchange(this.#requests, options, () => {
      try {
        request.maySend?.();
      } catch (reason) {
        withheld = reason;
        throw reason;
      }
    });
    const timer = setTimeout(() => sent.abort(new DeadlineExceeded()), Math.max(1, due - performance.now()));
    const abort = (): void => sent.abort(request.signal?.reason as Error);
    request.signal?.addEventListener("abort", abort, { once: true });
    try {
      const { status, headers, text } = await sent.answer.catch((cause: unknown) => {
        if (withheld !== undefined) throw withheld;
        report("<error>");
        throw this.#broken(request, cause);
      });
      report(String(status));
      if (status >= 400) throw this.#refusal(request, status, headers, text);
      return { status, body: this.#parse(request, status, text), warnings: warningsOf(headers) };
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", abort);
    }
  }

  async #optionsFor({ method, path, accept, body, contentType }: TransportRequest): Promise<{
    readonly method: TransportRequest["method"];
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body: string | null;
    readonly reset: boolean;
  }> {
    return {
      method,
      path: this.#prefix + path,
      headers: {
        "user-agent": this.#options.userAgent,
        accept: accept ?? "application/json",
        ...(await this.#credentials.headers()),
        ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // Undici would close the connection after every DELETE that has a body.
      reset: false,
    };
  }

  /** @returns a function to be told what the attempt that begins now came to. */
  #reporter({ verb, method }: TransportRequest, retried: boolean): (code: string) => void {
    const started = performance.now();
    return (code) =>
      this.#options.onRequest?.({
        verb: verb ?? method.toLowerCase(),
        method,
        host: this.host,
        code,
        seconds: (performance.now() - started) / 1000,
        retried,
      });
  }

  #refusal(
    { method, path }: TransportRequest,
    status: number,
    headers: Answer["headers"],
    text: string,
  ): KubeError {
    if (status === 401) this.#credentials.rejected();
    return errorOfStatus(`${method} ${path}`, status, statusOf(text), retryAfter(headers["retry-after"]));
  }

  #parse(request: TransportRequest, status: number, text: string): unknown {
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      if (!(request.accept ?? "application/json").startsWith("application/json")) return text;
      throw new KubeError(`${request.method} ${request.path}: the answer is not JSON (${status}).`, {
        status,
        reason: "Malformed",
        cause,
      });
    }
  }

  #broken(request: TransportRequest, cause: unknown): unknown {
    if (request.signal?.aborted) return request.signal.reason;
    if (cause instanceof KubeError) return cause;
    const what = `${request.method} ${request.path}`;
    const code = (cause as { readonly code?: string } | undefined)?.code;
    if (code === "UND_ERR_BODY_TIMEOUT") {
      return new KubeError(`${what}: ${this.host} went silent.`, { reason: "Stalled", cause });
    }
    if (cause instanceof DeadlineExceeded || code === "UND_ERR_HEADERS_TIMEOUT") {
      return new KubeError(`${what}: no answer from ${this.host} in time.`, {
        reason: "DeadlineExceeded",
        cause,
      });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    return new KubeError(`${what}: ${this.host} cannot be reached: ${why}`, { reason: "Unreachable", cause });
  }

  #connectorFor(material: TlsMaterial): buildConnector.connector {
    const mark = JSON.stringify(material);
    if (this.#connector?.material !== mark) {
      const { ca, cert, key, serverName, insecureSkipTlsVerify } = material;
      const connect = buildConnector({
        // One for all connections: to read certificates costs more than a resumed handshake.
        ...(this.#isSecure ? { secureContext: createSecureContext({ ca, cert, key }) } : {}),
        ...(serverName === undefined ? {} : { servername: serverName }),
        rejectUnauthorized: insecureSkipTlsVerify !== true,
        // One HTTP/2 connection is slower against an API server than a few HTTP/1.1 ones, and one stall stops all.
        allowH2: false,
        timeout: 5_000,
        keepAlive: true,
        keepAliveInitialDelay: 30_000,
      });
      this.#connector = { material: mark, connect };
    }
    return this.#connector.connect;
  }
}

class DeadlineExceeded extends Error {}

function statusOf(text: string): Status {
  try {
    const parsed = JSON.parse(text) as Status;
    if (parsed?.kind === "Status") return parsed;
  } catch {
    // Proxies and early refusals answer in plain text.
  }
  return { message: text.trim().slice(0, 300) };
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return header === undefined || Number.isNaN(seconds) ? undefined : seconds * 1000;
}

function warningsOf(headers: Dispatcher.ResponseData["headers"]): readonly string[] {
  const warning = headers["warning"];
  return warning === undefined ? [] : Array.isArray(warning) ? warning : [warning];
}
