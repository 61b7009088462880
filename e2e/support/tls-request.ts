import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import type { TransportCredentials } from "../../cli/quickstart/http.ts";
import type { Network } from "../../cli/quickstart/session.ts";

/** One request over a TLS connection of its own, where the test decides about certificate and session. */
export interface TlsRequest {
  readonly url: string;
  readonly network: Network;
  readonly credentials?: TransportCredentials | undefined;
  /** A session of an earlier connection, to be resumed. */
  readonly session?: Buffer | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds from the look-up of the name to the end of the body; 10 s when absent. */
  readonly timeout?: number | undefined;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether the handshake was an abbreviated one. */
  readonly resumed: boolean;
  /** To resume the connection later; TLS 1.3 servers send it after the handshake. */
  readonly session: Buffer | undefined;
}

/** @throws Error with OpenSSL's code when the server ends the handshake. */
export function tlsRequest({
  url,
  network,
  credentials,
  session,
  headers = {},
  timeout = 10_000,
}: TlsRequest): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    // No cache of sessions: only the one that is given may be resumed.
    const agent = new Agent({ maxCachedSessions: 0 });
    let latest: Buffer | undefined;
    const sent = request(
      url,
      {
        agent,
        lookup: network.lookup,
        ca: network.root,
        minVersion: "TLSv1.3",
        headers,
        signal: AbortSignal.timeout(timeout),
        ...(session === undefined ? {} : { session }),
        ...(credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key }),
      },
      (response) => {
        const resumed = (response.socket as TLSSocket).isSessionReused();
        text(response).then((body) => {
          const received = new Headers();
          for (const [name, value] of Object.entries(response.headers)) {
            for (const each of [value ?? []].flat()) received.append(name, each);
          }
          agent.destroy();
          resolve({ status: response.statusCode ?? 0, headers: received, body, resumed, session: latest });
        }, reject);
      },
    );
    sent.on("socket", (socket) => socket.on("session", (ticket: Buffer) => (latest = ticket)));
    sent.on("error", (error) => {
      agent.destroy();
      reject(error);
    });
    sent.end();
  });
}
