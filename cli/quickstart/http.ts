import { Agent, type Dispatcher, request } from "undici";
import { type Answer, StepFailed } from "./failure.ts";
import type { Lookup } from "./resolver.ts";

/** A transport key and its certificate, PEM. */
export interface TransportCredentials {
  readonly key: string;
  readonly certificate: string;
}

/** How to reach the bank: who answers for names, which root is believed, and who we are. */
export interface HttpOptions {
  readonly lookup: Lookup;
  /** PEM of the root under which every host is verified. */
  readonly root: string;
  /** Presented when a host asks for a client certificate; a browser has none. */
  readonly credentials?: TransportCredentials | undefined;
  /** Sees every answer: what tests validate. */
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
}

/** One request and its answer. */
export interface Exchange extends Answer {
  readonly headers: Headers;
}

/** What is sent. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** A client over kept-alive TLS 1.3 connections; redirects are not followed. */
export interface Http {
  /** @throws StepFailed when no answer comes within 30 s, or its certificate is not the bank's. */
  send(url: string | URL, options?: HttpRequest): Promise<Exchange>;
  close(): Promise<void>;
}

/** Opens a client; connections are made at the first request to each host. */
export function createHttp({ lookup, root, credentials, onExchange }: HttpOptions): Http {
  const agent = new Agent({
    connect: { lookup, ca: root, minVersion: "TLSv1.3", ...clientCertificate(credentials) },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  });
  return {
    async send(url, { method = "GET", headers = {}, body } = {}) {
      const answer = await exchange(agent, String(url), { method, headers, body });
      onExchange?.(answer);
      return answer;
    },
    close: () => agent.close(),
  };
}

function clientCertificate(credentials: TransportCredentials | undefined): { cert?: string; key?: string } {
  return credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key };
}

async function exchange(
  dispatcher: Dispatcher,
  url: string,
  {
    method,
    headers,
    body,
  }: { method: string; headers: Readonly<Record<string, string>>; body: string | undefined },
): Promise<Exchange> {
  try {
    const answer = await request(url, {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body ?? null,
    });
    const received = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const each of [value ?? []].flat()) received.append(name, each);
    }
    return {
      method,
      url,
      status: answer.statusCode,
      headers: received,
      interactionId: received.get("x-fapi-interaction-id") ?? headers["x-fapi-interaction-id"],
      body: await answer.body.text(),
    };
  } catch (cause) {
    throw new StepFailed(`${method} ${url} got no answer`, {
      answer: { method, url, status: 0, body: "" },
      next: nextStep(cause),
      cause,
    });
  }
}

/** The likeliest thing to do about a connection that failed. */
function nextStep(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code.includes("CERT") || code.startsWith("ERR_TLS")) {
    return "look at both certificates; the root that was believed is printed in the first step";
  }
  return "see whether the platform is up with `make status`, and bring it up with `make up`";
}

/** The answer as a standard Response, for libraries that take `fetch`. */
export function asResponse({ status, headers, body }: Exchange): Response {
  const withoutBody = status === 204 || status === 205 || status === 304;
  return new Response(withoutBody ? null : body, { status, headers });
}
